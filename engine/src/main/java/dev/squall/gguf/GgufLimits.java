package dev.squall.gguf;

/**
 * What Squall accepts of a GGUF file. Each limit is well above what models in use need, and low enough that a hostile or
 * damaged file cannot exhaust memory, stack or time. Whatever a file claims is also held against the bytes it has left.
 */
final class GgufLimits {
    /** Magic, version and the two counts. */
    static final int FIXED_HEADER_BYTES = 24;

    /** Everything in front of the tensor data. The largest vocabularies take some 20 MB. */
    static final long HEADER_BYTES_MAX = 128L << 20;

    static final int METADATA_ENTRIES_MAX = 65_536;

    /** The limit that the GGUF specification gives for keys. */
    static final int KEY_BYTES_MAX = 65_535;

    /** One string value; chat templates reach some 100 KB. */
    static final int STRING_BYTES_MAX = 16 << 20;

    static final int ARRAY_ELEMENTS_MAX = 16 << 20;

    /** Arrays of arrays of arrays of arrays. No model in use goes beyond two. */
    static final int ARRAY_DEPTH_MAX = 4;

    /** Arrays within arrays, counted over one file, because each becomes an object. */
    static final int NESTED_ARRAYS_MAX = 65_536;

    /** Tensors in one model, all its parts together; the largest in use have a few thousand. */
    static final int TENSORS_MAX = 65_536;

    /** ggml itself allows 63. */
    static final int TENSOR_NAME_BYTES_MAX = 255;

    /** GGML_MAX_DIMS. */
    static final int RANK_MAX = 4;

    /** Small enough that the bytes of such a tensor never overflow a long, whatever its type. */
    static final long TENSOR_ELEMENTS_MAX = 1L << 48;

    /** The alignment of tensor data where general.alignment is absent. */
    static final int ALIGNMENT_DEFAULT = 32;

    static final int ALIGNMENT_MAX = 16 << 20;

    static final int PARTS_MAX = 1_024;

    private GgufLimits() {}
}
