package dev.squall.model;

import dev.squall.gguf.BlockType;
import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufTensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds tensors and holds them to the shapes they must have.
 *
 * @param file where they are
 * @param architecture for messages
 */
record TensorBinder(GgufFile file, String architecture) {
    private static final ValueLayout.OfFloat LITTLE_ENDIAN_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    boolean has(String name) {
        return file.find(name).isPresent();
    }

    WeightMatrix matrix(String name, int rows, int columns) {
        return WeightMatrix.of(tensor(name, columns, rows));
    }

    /** The matrices of a tensor with one for each expert or head. */
    List<WeightMatrix> matrices(String name, int count, int rows, int columns) {
        GgufTensor tensor = tensor(name, columns, rows, count);
        return IntStream.range(0, count)
                .mapToObj(i -> WeightMatrix.of(count == 1 ? flat(tensor) : tensor.slice(i)))
                .toList();
    }

    /** Writers drop a last dimension of 1. */
    private static GgufTensor flat(GgufTensor tensor) {
        return tensor.rank() == 3 ? tensor.slice(0) : tensor;
    }

    Projection projection(String name, int rows, int columns, boolean biased) {
        return new Projection(matrix(name + ".weight", rows, columns), bias(name, biased, rows));
    }

    NormWeights norm(String name, int length, boolean biased) {
        return new NormWeights(vector(name + ".weight", length), bias(name, biased, length));
    }

    /** A bias that must be there if the architecture has it, and may be there if not. */
    private float @Nullable [] bias(String name, boolean required, int length) {
        return required ? vector(name + ".bias", length) : vectorIfPresent(name + ".bias", length);
    }

    float @Nullable [] vectorIfPresent(String name, int length) {
        return has(name) ? vector(name, length) : null;
    }

    /** All numbers of a tensor of 32-bit floats. */
    float[] vector(String name, long... dimensions) {
        GgufTensor tensor = tensor(name, dimensions);
        if (tensor.type() != BlockType.F32) {
            throw new ModelException("tensor '" + name + "': type " + tensor.type() + ", expected F32 in " + source());
        }
        return tensor.data().toArray(LITTLE_ENDIAN_FLOAT);
    }

    private GgufTensor tensor(String name, long... dimensions) {
        GgufTensor tensor = file.find(name)
                .orElseThrow(() -> new ModelException("tensor '" + name + "' is missing, expected in a " + architecture
                        + " model in " + source() + "; the file may be incomplete"));
        for (int i = 0; i < 4; i++) {
            long expected = i < dimensions.length ? dimensions[i] : 1;
            if (tensor.dimension(i) != expected) {
                throw new ModelException("tensor '" + name + "': dim[" + i + "]=" + tensor.dimension(i) + ", expected "
                        + expected + " from the " + architecture + ".* keys in " + source());
            }
        }
        return tensor;
    }

    String source() {
        return file.paths().getFirst().getFileName().toString();
    }
}
