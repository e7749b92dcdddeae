package dev.squall.tokenizer;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Byte strings numbered from 0 in the order in which they are added, in one array, found again by their content.
 * Written while a vocabulary loads; afterwards any thread may read it.
 */
final class PieceTable {
    /** What {@link #find} gives for no piece: the number before the first. */
    static final int ABSENT = -1;

    private byte[] bytes;
    /** Piece i is bytes[starts[i], starts[i + 1]). */
    private int[] starts;
    /** Open addressing with linear probing; 0 is free, otherwise a piece's number plus 1. */
    private int[] slots;

    private final BitSet hidden = new BitSet();
    private int count;
    private int findable;

    PieceTable(int piecesExpected) {
        bytes = new byte[Math.max(64, piecesExpected * 8)];
        starts = new int[piecesExpected + 1];
        slots = new int[Integer.highestOneBit(Math.max(8, piecesExpected)) * 4];
    }

    int count() {
        return count;
    }

    /** Adds source[from, to) as a piece that {@link #find} does not see. */
    int addHidden(byte[] source, int from, int to) {
        hidden.set(count);
        return append(source, from, to);
    }

    /** Adds source[from, to) as a piece, or returns {@link #ABSENT} and adds nothing if there is one like it. */
    int addDistinct(byte[] source, int from, int to) {
        int slot = slot(source, from, to);
        if (slots[slot] != 0) {
            return ABSENT;
        }
        int piece = append(source, from, to);
        slots[slot] = piece + 1;
        if (++findable * 2 > slots.length) {
            rehash();
        }
        return piece;
    }

    /** The piece with the content source[from, to), or {@link #ABSENT}. */
    int find(byte[] source, int from, int to) {
        return slots[slot(source, from, to)] - 1;
    }

    /** Whether {@link #find} would give this piece. */
    boolean finds(int piece, byte[] source, int from, int to) {
        return !hidden.get(piece) && is(piece, source, from, to);
    }

    private boolean is(int piece, byte[] source, int from, int to) {
        return Arrays.equals(bytes, starts[piece], starts[piece + 1], source, from, to);
    }

    /** Where the piece with this content is, or the free place where it belongs. */
    private int slot(byte[] source, int from, int to) {
        int slot = firstSlot(source, from, to);
        while (slots[slot] != 0 && !is(slots[slot] - 1, source, from, to)) {
            slot = (slot + 1) & (slots.length - 1);
        }
        return slot;
    }

    byte[] bytes(int piece) {
        return Arrays.copyOfRange(bytes, starts[piece], starts[piece + 1]);
    }

    /** Gives back what the growing arrays have to spare. */
    void trim() {
        bytes = Arrays.copyOf(bytes, starts[count]);
        starts = Arrays.copyOf(starts, count + 1);
    }

    private int append(byte[] source, int from, int to) {
        reserve(to - from);
        System.arraycopy(source, from, bytes, starts[count], to - from);
        starts[count + 1] = starts[count] + to - from;
        return count++;
    }

    private void reserve(int length) {
        if (count + 2 > starts.length) {
            starts = Arrays.copyOf(starts, starts.length * 2 + 1);
        }
        long needed = (long) starts[count] + length;
        if (needed > bytes.length) {
            if (needed > Integer.MAX_VALUE - 8) {
                throw new TokenizerException("the vocabulary's texts pass " + (Integer.MAX_VALUE - 8) + " bytes");
            }
            bytes = Arrays.copyOf(bytes, (int) Math.min(Math.max(needed, 2L * bytes.length), Integer.MAX_VALUE - 8));
        }
    }

    private void rehash() {
        int[] old = slots;
        slots = new int[old.length * 2];
        for (int entry : old) {
            if (entry != 0) {
                int slot = firstSlot(bytes, starts[entry - 1], starts[entry]);
                while (slots[slot] != 0) {
                    slot = (slot + 1) & (slots.length - 1);
                }
                slots[slot] = entry;
            }
        }
    }

    private int firstSlot(byte[] source, int from, int to) {
        int hash = to - from;
        for (int i = from; i < to; i++) {
            hash = hash * 31 + source[i];
        }
        hash *= 0x9E3779B9;
        return (hash ^ (hash >>> 15)) & (slots.length - 1);
    }
}
