package dev.squall.compute;

import dev.squall.expert.ExpertLease;
import dev.squall.model.ExpertWeights;
import dev.squall.model.Feature;
import dev.squall.model.Hyperparameters;
import dev.squall.model.MixtureWeights;
import dev.squall.model.MixtureWeights.ExpertBiases;
import dev.squall.model.WeightMatrix;
import dev.squall.routing.LayerRouting;
import java.util.Arrays;

/**
 * The experts of one layer on the JVM. Owns the memory of what they compute. R rows, E hidden width, K experts used by a
 * row, F expert width; a pair is a row with one of its experts.
 */
final class ExpertBlock {
    private final ParallelKernels parallel;
    private final Kernels kernels;
    private final boolean clamped;
    private final int width;
    private final int inner;
    private final ExpertGroups groups;
    private final GatedNetwork sharedExpert;
    /** R x E. */
    private final FloatRows rounded;
    /** R·K x F. */
    private final FloatRows gates;
    /** R·K x F. */
    private final FloatRows ups;
    /** R·K x E. */
    private final FloatRows outputs;
    /** R x E. */
    private final FloatRows shared;
    /** R x E. */
    private final FloatRows sum;

    ExpertBlock(Hyperparameters h, int rowsMax, ParallelKernels parallel) {
        this.parallel = parallel;
        kernels = parallel.kernels();
        clamped = h.architecture().has(Feature.CLAMPED_SWIGLU);
        width = h.embeddingLength();
        inner = h.expertFeedForwardLength();
        int pairsMax = Math.multiplyExact(rowsMax, h.expertUsedCount());
        groups = new ExpertGroups(rowsMax, h.expertCount(), h.expertUsedCount());
        sharedExpert = new GatedNetwork(rowsMax, width, h.sharedFeedForwardLength(), parallel);
        rounded = FloatRows.roundable(rowsMax, width);
        gates = FloatRows.roundable(pairsMax, inner);
        ups = FloatRows.of(pairsMax, inner);
        outputs = FloatRows.of(pairsMax, width);
        shared = FloatRows.of(rowsMax, width);
        sum = FloatRows.of(rowsMax, width);
    }

    /** hidden += Σ_k weight_k · expert_k(normed), plus the shared expert. */
    void run(MixtureWeights weights, LayerRouting routing, ExpertLease lease, HiddenStates states) {
        groups.group(routing, lease);
        runInner(weights, lease, states.normed(), routing.rows().size());
        runOuter(weights, lease);
        int count = routing.rows().size();
        parallel.forEachRow(count, (long) count * width * 16, row -> sumExperts(routing, row));
        addShared(weights, states.normed(), count);
        states.add(sum, count);
    }

    /** gates = activation(gate · input, up · input), one row for each pair. */
    private void runInner(MixtureWeights weights, ExpertLease lease, FloatRows input, int count) {
        ExpertBiases biases = weights.expertBiases();
        ExpertWeights any = lease.weights(groups.expert(0));
        int[] inputRows = groups.gather(input.offsets());
        parallel.round(any.gate(), input, rounded, count);
        boolean oneRegion = ParallelKernels.samePrecision(any.gate(), any.up());
        if (!oneRegion) {
            forEachGroup(inner, width, (group, from, to, tile) -> {
                ExpertWeights expert = lease.weights(groups.expert(group));
                multiply(group, expert.gate(), from, to, rounded, inputRows, gates, tile);
            });
            parallel.round(any.up(), input, rounded, count);
        }
        forEachGroup(inner, 2 * width, (group, from, to, tile) -> {
            ExpertWeights expert = lease.weights(groups.expert(group));
            if (oneRegion) {
                multiply(group, expert.gate(), from, to, rounded, inputRows, gates, tile);
            }
            multiply(group, expert.up(), from, to, rounded, inputRows, ups, tile);
            if (biases != null) {
                addBias(group, biases.gate(), from, to, gates);
                addBias(group, biases.up(), from, to, ups);
            }
            activate(group, from, to);
        });
    }

    private void activate(int group, int from, int to) {
        for (int pair = groups.firstPair(group); pair < groups.firstPair(group + 1); pair++) {
            int at = gates.at(pair) + from;
            if (clamped) {
                kernels.clampedSwiglu(gates.values(), at, ups.values(), at, to - from);
            } else {
                kernels.swiglu(gates.values(), at, ups.values(), at, to - from);
            }
        }
    }

    /** outputs = down · gates, one row for each pair. */
    private void runOuter(MixtureWeights weights, ExpertLease lease) {
        ExpertBiases biases = weights.expertBiases();
        parallel.round(lease.weights(groups.expert(0)).down(), gates, gates, groups.pairCount());
        forEachGroup(width, inner, (group, from, to, tile) -> {
            WeightMatrix down = lease.weights(groups.expert(group)).down();
            multiply(group, down, from, to, gates, gates.offsets(), outputs, tile);
            if (biases != null) {
                addBias(group, biases.down(), from, to, outputs);
            }
        });
    }

    private void forEachGroup(int outputRows, int columns, ParallelKernels.ProductWork work) {
        long rowsOfGroup = Math.max(1, groups.pairCount() / groups.size());
        parallel.forEachProduct(groups.size(), outputRows, columns * rowsOfGroup, work);
    }

    private void multiply(
            int group, WeightMatrix matrix, int from, int to, FloatRows x, int[] xRows, FloatRows y, Tile tile) {
        int first = groups.firstPair(group);
        int count = groups.firstPair(group + 1) - first;
        kernels.multiply(matrix, from, to, x, xRows, y.values(), y.offsets(), first, count, tile);
    }

    private void addBias(int group, float[] biases, int from, int to, FloatRows y) {
        int bias = groups.expert(group) * y.width() + from;
        for (int pair = groups.firstPair(group); pair < groups.firstPair(group + 1); pair++) {
            kernels.addScaled(1, biases, bias, y.values(), y.at(pair) + from, to - from);
        }
    }

    private void sumExperts(LayerRouting routing, int row) {
        Arrays.fill(sum.values(), sum.at(row), sum.at(row) + width, 0f);
        for (int rank = 0; rank < routing.usedCount(); rank++) {
            int choice = row * routing.usedCount() + rank;
            int output = outputs.at(groups.pairOf(choice));
            kernels.addScaled(routing.weights()[choice], outputs.values(), output, sum.values(), sum.at(row), width);
        }
    }

    private void addShared(MixtureWeights weights, FloatRows input, int count) {
        ExpertWeights expert = weights.shared();
        if (expert == null) {
            return;
        }
        sharedExpert.run(expert, input, shared, count);
        float[] gate = weights.sharedGate();
        for (int row = 0; row < count; row++) {
            float weight = gate == null ? 1 : sigmoidOfProduct(gate, input.values(), input.at(row), parallel.tile(0));
            kernels.addScaled(weight, shared.values(), shared.at(row), sum.values(), sum.at(row), width);
        }
    }

    private static float sigmoidOfProduct(float[] gate, float[] x, int at, Tile tile) {
        float product = LaneKernels.dot(gate, 0, x, at, gate.length, tile.sums, 0);
        return 1 / (VectorMath.exp(-product) + 1);
    }
}
