package dev.squall.model;

/** What is normalised by RMS in queries and keys before they are rotated. */
public enum QkNorm {
    NONE,
    /** Each head by itself, with one weight vector of a head's length. */
    PER_HEAD,
    /** The whole projection before it is split into heads. */
    WHOLE
}
