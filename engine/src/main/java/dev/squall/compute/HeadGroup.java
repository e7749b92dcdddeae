package dev.squall.compute;

/**
 * Query heads that share one key/value head.
 *
 * @param size how many
 * @param valueLength floats that each of them puts out
 * @param scale of their scores
 */
record HeadGroup(int size, int valueLength, float scale) {}
