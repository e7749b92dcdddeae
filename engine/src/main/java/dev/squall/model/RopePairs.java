package dev.squall.model;

/** Which two elements of a head's vector rotary position embedding turns together. */
public enum RopePairs {
    /** Neighbours: 2i and 2i + 1 (llama.cpp's NORM). */
    ADJACENT,
    /** Halves: i and i + n/2, n the rotated dimensions (llama.cpp's NEOX). */
    HALVES
}
