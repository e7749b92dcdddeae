package dev.squall.predict;

import dev.squall.gguf.BlockCodec;
import dev.squall.model.ExpertGate;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LayerWeights;
import dev.squall.model.MixtureWeights;
import dev.squall.model.ModelWeights;
import dev.squall.model.WeightMatrix;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Asks routers before their layer is reached: later layers' norm and router on an earlier hidden state (the look-ahead
 * of Mixtral-Offloading and Pre-gated MoE). Also reads token embeddings. One thread; allocates nothing after start.
 */
final class RouterAhead {
    private final ModelWeights model;
    private final Hyperparameters h;
    private final float[] normed;
    private final float[] weights;

    RouterAhead(ModelWeights model) {
        this.model = model;
        h = model.hyperparameters();
        normed = new float[h.embeddingLength()];
        weights = new float[h.embeddingLength()];
    }

    /** Copies a token's embedding, E numbers. */
    void embedding(int token, float[] out, int outOffset) {
        WeightMatrix embeddings = model.tokenEmbedding();
        BlockCodec.decode(
                embeddings.type(),
                embeddings.data(),
                token * embeddings.rowBytes(),
                out,
                outOffset,
                embeddings.columns());
    }

    /**
     * How the router of a layer spreads over the experts.
     *
     * @param layer the layer's index in the model
     * @param hidden E numbers from {@code hiddenOffset}, a hidden state before the layer's own norm
     * @param out J numbers from {@code outOffset}, adding up to 1
     * @return false if the model has no such layer
     */
    boolean distribution(int layer, float[] hidden, int hiddenOffset, float[] out, int outOffset) {
        if (layer >= h.blockCount()) {
            return false;
        }
        LayerWeights weightsOfLayer = model.layers().get(layer);
        if (!(weightsOfLayer.feedForward() instanceof MixtureWeights mixture)) {
            return false;
        }
        normalise(
                weightsOfLayer.feedForwardNorm().weight(),
                weightsOfLayer.feedForwardNorm().bias(),
                hidden,
                hiddenOffset);
        WeightMatrix router = mixture.router().matrix();
        float[] bias = mixture.router().bias();
        for (int expert = 0; expert < router.rows(); expert++) {
            BlockCodec.decode(router.type(), router.data(), expert * router.rowBytes(), weights, 0, router.columns());
            out[outOffset + expert] = MapVectors.product(weights, normed) + (bias == null ? 0 : bias[expert]);
        }
        spread(out, outOffset, router.rows());
        return true;
    }

    private void normalise(float[] weight, float @Nullable [] bias, float[] x, int from) {
        double squares = 0;
        for (int i = 0; i < normed.length; i++) {
            squares += (double) x[from + i] * x[from + i];
        }
        float scale = (float) (1 / Math.sqrt(squares / normed.length + h.normEpsilon()));
        for (int i = 0; i < normed.length; i++) {
            normed[i] = x[from + i] * scale * weight[i] + (bias == null ? 0 : bias[i]);
        }
    }

    /** Logits to shares that add up to 1, as the model's gate scores them. */
    private void spread(float[] logits, int from, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = from; i < from + n; i++) {
            max = Math.max(max, logits[i]);
        }
        double sum = 0;
        for (int i = from; i < from + n; i++) {
            logits[i] = (float)
                    (h.gate().scores() == ExpertGate.Scores.SIGMOID
                            ? 1 / (1 + Math.exp(-logits[i]))
                            : Math.exp(logits[i] - max));
            sum += logits[i];
        }
        if (!(sum > 0)) {
            Arrays.fill(logits, from, from + n, 1f / n);
            return;
        }
        for (int i = from; i < from + n; i++) {
            logits[i] /= (float) sum;
        }
    }
}
