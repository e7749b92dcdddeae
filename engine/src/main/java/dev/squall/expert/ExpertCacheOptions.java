package dev.squall.expert;

/**
 * An expert cache to be made.
 *
 * @param bytesMax memory for experts
 * @param eviction which expert gives up its slot
 * @param directReads whether experts are read past the operating system's page cache, or copied from the mapped file
 */
public record ExpertCacheOptions(long bytesMax, EvictionPolicy eviction, boolean directReads) {}
