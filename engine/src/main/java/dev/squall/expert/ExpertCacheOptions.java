package dev.squall.expert;

/**
 * The size and source of an expert cache to be made.
 *
 * @param bytesMax memory for experts
 * @param directReads whether experts are read past the operating system's page cache, or copied from the mapped file
 */
public record ExpertCacheOptions(long bytesMax, boolean directReads) {}
