package dev.squall.tokenizer;

import java.util.Arrays;

/**
 * Which two neighbouring pieces merge into which third, and how early. Written while a vocabulary loads; afterwards
 * any thread may read it.
 */
final class MergeTable {
    static final long ABSENT = -1;

    private static final long FREE = -1;

    /** left in the high half, right in the low; open addressing with linear probing. */
    private final long[] pairs;
    /** rank in the high half, merged piece in the low, beside its pair. */
    private final long[] merges;

    MergeTable(int mergesExpected) {
        int capacity = Integer.highestOneBit(Math.max(8, mergesExpected)) * 4;
        pairs = new long[capacity];
        merges = new long[capacity];
        Arrays.fill(pairs, FREE);
    }

    /** Adds a merge; of two with the same pair the first one counts. */
    void add(int left, int right, int rank, int merged) {
        long pair = pair(left, right);
        int slot = firstSlot(pair);
        while (pairs[slot] != FREE) {
            if (pairs[slot] == pair) {
                return;
            }
            slot = (slot + 1) & (pairs.length - 1);
        }
        pairs[slot] = pair;
        merges[slot] = ((long) rank << 32) | merged;
    }

    /** The rank of a merge in the high half and the merged piece in the low, or {@link #ABSENT}. */
    long find(int left, int right) {
        long pair = pair(left, right);
        int slot = firstSlot(pair);
        while (pairs[slot] != FREE) {
            if (pairs[slot] == pair) {
                return merges[slot];
            }
            slot = (slot + 1) & (pairs.length - 1);
        }
        return ABSENT;
    }

    private static long pair(int left, int right) {
        return ((long) left << 32) | right;
    }

    private int firstSlot(long pair) {
        long hash = pair * 0x9E3779B97F4A7C15L;
        return (int) (hash >>> 32) & (pairs.length - 1);
    }
}
