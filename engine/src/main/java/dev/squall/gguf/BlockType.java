package dev.squall.gguf;

import java.util.Optional;

/**
 * The storage types of tensors that Squall computes with, under the names and numbers that ggml gives them. A row of a
 * tensor is a sequence of blocks; a block is the smallest unit that can be decoded alone. {@link BlockCodec} describes
 * the bytes of each.
 */
public enum BlockType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    IQ4_NL(20, 32, 18),
    IQ4_XS(23, 256, 136),
    BF16(30, 1, 2),
    MXFP4(39, 32, 17);

    private static final BlockType[] VALUES = values();

    private final int id;
    private final int blockElements;
    private final int blockBytes;

    BlockType(int id, int blockElements, int blockBytes) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** The number of this type in a GGUF file, {@code enum ggml_type}. */
    public int id() {
        return id;
    }

    /** How many elements one block holds. */
    public int blockElements() {
        return blockElements;
    }

    /** How many bytes one block takes. */
    public int blockBytes() {
        return blockBytes;
    }

    /**
     * The bytes that {@code elements} contiguous elements take.
     *
     * @throws IllegalArgumentException if elements is negative or no multiple of {@link #blockElements()}
     * @throws ArithmeticException if the result does not fit a long
     */
    public long rowBytes(long elements) {
        if (elements < 0 || elements % blockElements != 0) {
            throw new IllegalArgumentException(
                    "%s row: %d elements, expected a multiple of %d".formatted(this, elements, blockElements));
        }
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }

    /** The type with this number, empty if Squall does not compute with it. */
    public static Optional<BlockType> fromId(int id) {
        for (BlockType type : VALUES) {
            if (type.id == id) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** What ggml calls the type with this number, for messages about types that Squall does not compute with. */
    static String ggmlName(int id) {
        return switch (id) {
            case 4 -> "Q4_2, removed from ggml";
            case 5 -> "Q4_3, removed from ggml";
            case 9 -> "Q8_1";
            case 15 -> "Q8_K";
            case 16 -> "IQ2_XXS";
            case 17 -> "IQ2_XS";
            case 18 -> "IQ3_XXS";
            case 19 -> "IQ1_S";
            case 21 -> "IQ3_S";
            case 22 -> "IQ2_S";
            case 24 -> "I8";
            case 25 -> "I16";
            case 26 -> "I32";
            case 27 -> "I64";
            case 28 -> "F64";
            case 29 -> "IQ1_M";
            case 31, 32, 33 -> "Q4_0 repacked, removed from ggml";
            case 34 -> "TQ1_0";
            case 35 -> "TQ2_0";
            case 40 -> "NVFP4";
            case 41 -> "Q1_0";
            case 42 -> "Q2_0";
            case 36, 37, 38 -> "IQ4_NL repacked, removed from ggml";
            default -> fromId(id).map(BlockType::name).orElse("unknown");
        };
    }
}
