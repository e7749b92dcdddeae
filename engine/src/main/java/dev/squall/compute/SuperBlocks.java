package dev.squall.compute;

/**
 * How activations are laid out for products with super-blocks, the block types of 256 elements, and how such a product is
 * summed.
 *
 * <p>A weight is {@code d · s · q} or {@code d · s · q - dMin · m} with small integers q, and s and m for each 16 or 32
 * elements; an activation is {@code d' · a}, a in [-127, 127]. So within a block {@code Σ s·q·a} and {@code Σ m·a} are
 * sums of integers, and 32-bit floats hold them exactly in whatever order they are taken: eight sums of 32 products, none
 * above {@code 32 · 4096 · 127 < 2^24}. Only their multiples by {@code d · d'} are rounded, a block at a time:
 *
 * <pre>{@code
 * sum[l] = fma(Σ_i s q[i] a[i], d · d', sum[l])                 i with i mod 32 / 4 = l, l in [0, 8)
 * sum[l] = fma(m[2l] A[2l] + m[2l+1] A[2l+1], -dMin · d', sum[l])   A[j] = a[16j] + ... + a[16j + 15]
 * }</pre>
 *
 * <p>Each kernel that sums like this gives the same bits, and so do all vector widths.
 */
final class SuperBlocks {
    /** Elements of a block. */
    static final int ELEMENTS = 256;

    /** Sums of a product. */
    static final int SUMS = 8;

    /** Floats that go with a block of activations, see {@link FloatRows#blocks}. */
    static final int HEADER = 32;

    /** Where a header has A of even sixteenths, eight floats; those of odd ones follow. */
    static final int SIXTEENTHS = 0;

    /** Where it has A of eighths: {@code A[2l] + A[2l + 1]}, eight floats. */
    static final int EIGHTHS = 16;

    /** Where it has d'. */
    static final int SCALE = 24;

    private SuperBlocks() {}

    /**
     * Where an element lies in its block: each 32 are four groups of eight, group g those with i mod 4 = 0, 2, 1, 3. So
     * four bytes of an integer are elements of four groups, and two bytes of each half of it of neighbouring ones.
     */
    static int position(int element) {
        int group = (element & 1) * 2 + (element >> 1 & 1);
        return (element & ~31) + 8 * group + (element >> 2 & 7);
    }

    /** Where {@link FloatRows#blocks} has the header of the block of activations at an offset. */
    static int header(int offset) {
        return offset / ELEMENTS * HEADER;
    }

    /** The sum of eight lanes, as a tree of pairwise additions. */
    static float sum(float[] v, int at) {
        return ((v[at] + v[at + 4]) + (v[at + 2] + v[at + 6])) + ((v[at + 1] + v[at + 5]) + (v[at + 3] + v[at + 7]));
    }
}
