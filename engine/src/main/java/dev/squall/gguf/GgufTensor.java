package dev.squall.gguf;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/**
 * A tensor: its name, how its numbers are stored, and a read-only, little-endian view of them. The first dimension is
 * contiguous: element (i, j, k) is number {@code i} of row {@code j} of matrix {@code k}. Safe for any thread while the
 * memory lives, which for tensors of a {@link GgufFile} is until it is closed.
 *
 * @param name the name in the file
 * @param type the block type of every row
 * @param dimensions one to four, each at least 1; {@code type.blockElements()} divides the first
 * @param data exactly {@link #bytes()} bytes
 */
public record GgufTensor(String name, BlockType type, List<Long> dimensions, MemorySegment data) {
    /** @throws IllegalArgumentException if the dimensions, the type and the size of the data do not go together */
    public GgufTensor {
        dimensions = List.copyOf(dimensions);
        long bytes = checkedBytes(name, type, dimensions);
        if (data.byteSize() != bytes) {
            throw new IllegalArgumentException("tensor %s: data of %d bytes, expected %d for %s of dimensions %s"
                    .formatted(Printable.quoted(name), data.byteSize(), bytes, type, dimensions));
        }
        data = data.isReadOnly() ? data : data.asReadOnly();
    }

    /**
     * The bytes of a tensor.
     *
     * @throws IllegalArgumentException if there can be none with these dimensions
     */
    static long checkedBytes(String name, BlockType type, List<Long> dimensions) {
        String subject = "tensor " + Printable.quoted(name) + ": ";
        if (dimensions.isEmpty() || dimensions.size() > GgufLimits.RANK_MAX) {
            throw new IllegalArgumentException(
                    "%s%d dimensions, expected 1 to %d".formatted(subject, dimensions.size(), GgufLimits.RANK_MAX));
        }
        long elements = 1;
        for (int i = 0; i < dimensions.size(); i++) {
            long dimension = dimensions.get(i);
            if (dimension < 1 || dimension > GgufLimits.TENSOR_ELEMENTS_MAX / elements) {
                throw new IllegalArgumentException("%sdim[%d]=%d, expected at least 1, and at most %d elements in all"
                        .formatted(subject, i, dimension, GgufLimits.TENSOR_ELEMENTS_MAX));
            }
            elements *= dimension;
        }
        if (dimensions.getFirst() % type.blockElements() != 0) {
            throw new IllegalArgumentException("%sdim[0]=%d, expected a multiple of %d for type %s"
                    .formatted(subject, dimensions.getFirst(), type.blockElements(), type));
        }
        return type.rowBytes(elements);
    }

    /** The number of dimensions, 1 to 4. */
    public int rank() {
        return dimensions.size();
    }

    /**
     * Dimension {@code index}, 1 beyond the rank.
     *
     * @throws IndexOutOfBoundsException if the index is negative
     */
    public long dimension(int index) {
        return index >= dimensions.size() ? 1 : dimensions.get(index);
    }

    /** The product of all dimensions. */
    public long elements() {
        long elements = 1;
        for (long dimension : dimensions) {
            elements *= dimension;
        }
        return elements;
    }

    /** How many rows of {@code dimension(0)} elements there are. */
    public long rows() {
        return elements() / dimensions.getFirst();
    }

    /** The bytes of one row. */
    public long rowBytes() {
        return type.rowBytes(dimensions.getFirst());
    }

    /** The bytes of all rows. */
    public long bytes() {
        return data.byteSize();
    }

    /**
     * The part of the tensor at {@code lastIndex} of its last dimension, a view with one dimension less: expert e of a
     * three-dimensional tensor of experts as a matrix.
     *
     * @throws IllegalArgumentException if the tensor has only one dimension
     * @throws IndexOutOfBoundsException if the last dimension has no such index
     */
    public GgufTensor slice(int lastIndex) {
        if (dimensions.size() == 1) {
            throw new IllegalArgumentException(
                    "tensor " + Printable.quoted(name) + ": 1 dimension, expected at least 2 to slice");
        }
        long count = dimensions.getLast();
        Objects.checkIndex((long) lastIndex, count);
        long sliceBytes = bytes() / count;
        return new GgufTensor(
                name + "[" + lastIndex + "]",
                type,
                dimensions.subList(0, dimensions.size() - 1),
                data.asSlice(lastIndex * sliceBytes, sliceBytes));
    }

    /** Name, type and dimensions; not the data. */
    @Override
    public String toString() {
        return Printable.text(name) + " " + type + " " + dimensions;
    }
}
