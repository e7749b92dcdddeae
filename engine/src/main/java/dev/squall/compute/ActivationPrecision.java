package dev.squall.compute;

import dev.squall.gguf.BlockType;

/**
 * The precision that activations are rounded to before a product with weights of a type. llama.cpp multiplies quantised
 * weights with activations quantised by block, so that the same file gives the same tokens only if activations are
 * rounded alike. Kernels round to the nearest value of this precision and go on in 32-bit floats.
 */
public enum ActivationPrecision {
    /** As they are. */
    FLOAT32(1),
    /** Nearest half-precision float. */
    FLOAT16(1),
    /** Nearest bfloat16. */
    BFLOAT16(1),
    /** Blocks of 32: {@code d · q}, q in [-127, 127], d = max|x| / 127 kept as a half-precision float. */
    BLOCKS_OF_32(32),
    /** Blocks of 256: {@code d · q}, q in [-127, 127], d a 32-bit float; the element of largest magnitude becomes -127 d. */
    BLOCKS_OF_256(256);

    private final int blockElements;

    ActivationPrecision(int blockElements) {
        this.blockElements = blockElements;
    }

    /** How many activations share a scale. */
    public int blockElements() {
        return blockElements;
    }

    /** The precision that goes with weights of that type. */
    public static ActivationPrecision with(BlockType weights) {
        return switch (weights) {
            case F32 -> FLOAT32;
            case F16 -> FLOAT16;
            case BF16 -> BFLOAT16;
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> BLOCKS_OF_32;
            case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS -> BLOCKS_OF_256;
        };
    }
}
