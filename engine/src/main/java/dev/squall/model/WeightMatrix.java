package dev.squall.model;

import dev.squall.gguf.BlockType;
import dev.squall.gguf.GgufTensor;
import java.lang.foreign.MemorySegment;

/**
 * A matrix of weights as the file stores it: {@code rows} rows of {@code columns} elements, each row a whole number of
 * blocks, rows one after the other. Column is the contiguous dimension (GGUF's first).
 *
 * @param type the blocks it is stored in
 * @param data exactly {@code rows * rowBytes()} bytes
 * @param rows outputs of a product with it
 * @param columns inputs of a product with it
 */
public record WeightMatrix(BlockType type, MemorySegment data, int rows, int columns) {

    public WeightMatrix {
        if (rows < 1 || columns < 1) {
            throw new IllegalArgumentException("a matrix of " + rows + " x " + columns + ", expected at least 1 x 1");
        }
        long expected = Math.multiplyExact((long) rows, type.rowBytes(columns));
        if (data.byteSize() != expected) {
            throw new IllegalArgumentException("a " + type + " matrix of " + rows + " x " + columns + " has "
                    + data.byteSize() + " bytes, expected " + expected);
        }
    }

    /** The two-dimensional tensor as a matrix. */
    public static WeightMatrix of(GgufTensor tensor) {
        return new WeightMatrix(
                tensor.type(),
                tensor.data(),
                Math.toIntExact(tensor.dimension(1)),
                Math.toIntExact(tensor.dimension(0)));
    }

    /** Bytes from one row to the next. */
    public long rowBytes() {
        return type.rowBytes(columns);
    }
}
