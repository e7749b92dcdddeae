package dev.squall.tornado;

import dev.squall.model.AttentionWeights;
import dev.squall.model.AttentionWeights.Grouped;
import dev.squall.model.AttentionWeights.Latent;
import dev.squall.model.AttentionWeights.LatentQuery;
import dev.squall.model.ExpertWeights;
import dev.squall.model.LayerWeights;
import dev.squall.model.MixtureWeights;
import dev.squall.model.MixtureWeights.ExpertBiases;
import dev.squall.model.ModelException;
import dev.squall.model.ModelWeights;
import dev.squall.model.NormWeights;
import dev.squall.model.Projection;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** The weights that stay on the device: all but embeddings and routed experts, matrices as stored, vectors as floats. */
final class DeviceWeights {
    /** TornadoVM's arrays keep some bytes of a buffer for themselves. */
    static final long BUFFER_BYTES_MAX = Integer.MAX_VALUE - 64;

    private final IdentityHashMap<WeightMatrix, Integer> matrices = new IdentityHashMap<>();
    private final IdentityHashMap<float[], Integer> vectors = new IdentityHashMap<>();
    private final List<WeightMatrix> matrixList = new ArrayList<>();
    private final List<float[]> vectorList = new ArrayList<>();
    /** Logits so small that they take no part in a softmax, for layers without sinks. */
    private final float[] noSinks;

    private final ByteArray bytes;
    private final FloatArray parameters;
    private long byteCount;
    private int vectorElements;

    DeviceWeights(ModelWeights model) {
        noSinks = new float[model.hyperparameters().headCount()];
        Arrays.fill(noSinks, -3.4e38f);
        add(noSinks);
        for (LayerWeights layer : model.layers()) {
            add(layer);
        }
        add(model.outputNorm());
        add(model.output());
        bytes = new ByteArray((int) byteCount);
        for (WeightMatrix matrix : matrixList) {
            MemorySegment.copy(
                    matrix.data(),
                    0,
                    bytes.getSegment(),
                    matrixAt(matrix),
                    matrix.data().byteSize());
        }
        parameters = new FloatArray(Math.max(1, vectorElements));
        for (float[] vector : vectorList) {
            int at = vectorAt(vector);
            for (int i = 0; i < vector.length; i++) {
                parameters.set(at + i, vector[i]);
            }
        }
    }

    private void add(LayerWeights layer) {
        add(layer.attentionNorm());
        switch (layer.attention()) {
            case Grouped grouped -> {
                add(grouped.query());
                add(grouped.key());
                add(grouped.value());
                add(grouped.queryNorm());
                add(grouped.keyNorm());
            }
            case Latent latent -> {
                LatentQuery queryDown = latent.queryDown();
                if (queryDown != null) {
                    add(queryDown.norm());
                }
                add(latent.latentNorm());
                // The matrices of a layer's heads lie one after the other.
                Stream.of(
                                Stream.ofNullable(queryDown).map(LatentQuery::matrix),
                                Stream.of(latent.query(), latent.latent()),
                                latent.expansion().matrices())
                        .flatMap(all -> all)
                        .forEach(this::add);
            }
        }
        add(layer.attention().sinks());
        add(layer.attention().output());
        add(layer.feedForwardNorm());
        switch (layer.feedForward()) {
            case ExpertWeights dense -> add(dense);
            case MixtureWeights mixture -> {
                add(mixture.router());
                add(mixture.sharedGate());
                ExpertBiases biases = mixture.expertBiases();
                if (biases != null) {
                    add(biases.gate());
                    add(biases.up());
                    add(biases.down());
                }
                ExpertWeights shared = mixture.shared();
                if (shared != null) {
                    add(shared);
                }
            }
        }
    }

    private void add(ExpertWeights network) {
        add(network.gate());
        add(network.up());
        add(network.down());
    }

    private void add(Projection projection) {
        add(projection.matrix());
        add(projection.bias());
    }

    private void add(NormWeights norm) {
        add(norm.weight());
        add(norm.bias());
    }

    private void add(WeightMatrix matrix) {
        if (matrices.putIfAbsent(matrix, (int) byteCount) == null) {
            matrixList.add(matrix);
            byteCount += matrix.data().byteSize();
            if (byteCount > BUFFER_BYTES_MAX) {
                throw new ModelException("weights beside the experts: more than " + BUFFER_BYTES_MAX
                        + " bytes, which is the most that one buffer of a device holds: use --device cpu");
            }
        }
    }

    private void add(float @Nullable [] vector) {
        if (vector != null && vectors.putIfAbsent(vector, vectorElements) == null) {
            vectorList.add(vector);
            vectorElements = Math.addExact(vectorElements, vector.length);
        }
    }

    /** Bytes of all of them. */
    long byteCount() {
        return byteCount + Float.BYTES * (long) vectorElements;
    }

    /** All matrices. */
    ByteArray bytes() {
        return bytes;
    }

    /** All vectors. */
    FloatArray parameters() {
        return parameters;
    }

    /** The byte that a matrix begins at. */
    int matrixAt(WeightMatrix matrix) {
        Integer at = matrices.get(matrix);
        if (at == null) {
            throw new IllegalArgumentException("a matrix that is not on the device");
        }
        return at;
    }

    /** The element that the sinks of an attention begin at. */
    int sinksAt(AttentionWeights attention) {
        float[] sinks = attention.sinks();
        return vectorAt(sinks == null ? noSinks : sinks);
    }

    /** The element that a vector begins at; 0 for none, which no kernel asks for. */
    int vectorAt(float @Nullable [] vector) {
        Integer at = vectors.get(vector);
        return at == null ? 0 : at;
    }
}
