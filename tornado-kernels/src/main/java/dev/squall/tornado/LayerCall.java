package dev.squall.tornado;

import dev.squall.model.AttentionWeights.Absorbed;
import dev.squall.model.AttentionWeights.Expanded;
import dev.squall.model.AttentionWeights.Grouped;
import dev.squall.model.AttentionWeights.Latent;
import dev.squall.model.AttentionWeights.LatentQuery;
import dev.squall.model.ExpertWeights;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LayerWeights;
import dev.squall.model.MixtureWeights;
import dev.squall.model.MixtureWeights.ExpertBiases;
import dev.squall.model.NormWeights;
import dev.squall.model.Projection;
import dev.squall.model.RowBatch;
import dev.squall.model.WeightMatrix;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Writes to the fields of a call where a layer's weights are on the device and where its rows' keys are. */
final class LayerCall {
    private final Hyperparameters h;
    private final DeviceWeights weights;
    private final IntArray call;
    private final int sequencesMax;
    private final int positionsMax;

    LayerCall(Hyperparameters h, DeviceWeights weights, IntArray call, int sequencesMax, int positionsMax) {
        this.h = h;
        this.weights = weights;
        this.call = call;
        this.sequencesMax = sequencesMax;
        this.positionsMax = positionsMax;
    }

    void set(int field, int value) {
        call.set(field, value);
    }

    /** What the graph of a layer's attention asks for. */
    void attention(int layer, LayerWeights own, RowBatch rows) {
        norm(CallField.ATTENTION_NORM, own.attentionNorm());
        switch (own.attention()) {
            case Grouped heads -> grouped(heads);
            case Latent heads -> latent(heads);
        }
        call.set(CallField.SINKS, weights.sinksAt(own.attention()));
        projection(CallField.OUTPUT, own.attention().output());
        norm(CallField.FEED_FORWARD_NORM, own.feedForwardNorm());
        if (own.feedForward() instanceof MixtureWeights mixture) {
            projection(CallField.ROUTER, mixture.router());
        }
        for (int row = 0; row < rows.size(); row++) {
            int sequence = layer * sequencesMax + rows.sequences()[row];
            int field = CallField.COUNT + 3 * row;
            call.set(field, sequence * h.headCountKv() * positionsMax);
            call.set(field + 1, rows.positions()[row]);
            call.set(field + 2, h.firstVisible(layer, rows.positions()[row]));
        }
    }

    private void grouped(Grouped heads) {
        projection(CallField.QUERY, heads.query());
        projection(CallField.KEY, heads.key());
        projection(CallField.VALUE, heads.value());
        call.set(CallField.QUERY_NORM, weights.vectorAt(heads.queryNorm()));
        call.set(CallField.KEY_NORM, weights.vectorAt(heads.keyNorm()));
    }

    private void latent(Latent heads) {
        LatentQuery down = heads.queryDown();
        if (down != null) {
            matrix(CallField.LATENT_QUERY, down.matrix());
            call.set(CallField.LATENT_QUERY_NORM, weights.vectorAt(down.norm().weight()));
        }
        matrix(CallField.QUERY, heads.query());
        matrix(CallField.LATENT, heads.latent());
        call.set(CallField.LATENT_NORM, weights.vectorAt(heads.latentNorm().weight()));
        switch (heads.expansion()) {
            case Absorbed absorbed -> {
                matrix(CallField.HEAD_KEYS, absorbed.keys().getFirst());
                matrix(CallField.HEAD_VALUES, absorbed.values().getFirst());
            }
            case Expanded expanded -> matrix(CallField.HEAD_KEYS, expanded.keysAndValues());
        }
    }

    /** What the graph of a layer's experts asks for. */
    void mixture(MixtureWeights mixture) {
        ExpertWeights shared = mixture.shared();
        if (shared != null) {
            network(shared);
            call.set(CallField.NETWORK_WEIGHT, weights.vectorAt(mixture.sharedGate()));
        }
        ExpertBiases biases = mixture.expertBiases();
        if (biases != null) {
            call.set(CallField.EXPERT_GATE_BIAS, weights.vectorAt(biases.gate()));
            call.set(CallField.EXPERT_UP_BIAS, weights.vectorAt(biases.up()));
            call.set(CallField.EXPERT_DOWN_BIAS, weights.vectorAt(biases.down()));
        }
    }

    /** What the graph of a dense layer's network asks for. */
    void network(ExpertWeights network) {
        matrix(CallField.NETWORK_GATE, network.gate());
        matrix(CallField.NETWORK_UP, network.up());
        matrix(CallField.NETWORK_DOWN, network.down());
    }

    /** What the graph of logits asks for. */
    void head(NormWeights norm, Projection output) {
        norm(CallField.HEAD_NORM, norm);
        projection(CallField.HEAD, output);
    }

    private void norm(int field, NormWeights norm) {
        call.set(field, weights.vectorAt(norm.weight()));
        call.set(field + 1, weights.vectorAt(norm.bias()));
    }

    private void projection(int field, Projection projection) {
        matrix(field, projection.matrix());
        call.set(field + 1, weights.vectorAt(projection.bias()));
    }

    private void matrix(int field, WeightMatrix matrix) {
        call.set(field, weights.matrixAt(matrix));
    }
}
