package dev.squall.tornado;

import dev.squall.compute.ActivationPrecision;
import dev.squall.gguf.BlockType;
import dev.squall.model.Hyperparameters;
import dev.squall.model.NormWeights;
import dev.squall.model.Projection;
import dev.squall.model.WeightMatrix;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Adds the steps that blocks are made of to their graphs: norms, rounding, products. */
final class GraphSteps {
    private final Hyperparameters h;
    private final DeviceWeights weights;
    private final DeviceArrays a;
    private final GroupSizes sizes;
    private final int width;
    private final KernelContext context = new KernelContext();

    GraphSteps(Hyperparameters h, DeviceWeights weights, DeviceArrays arrays, GroupSizes sizes) {
        this.h = h;
        this.weights = weights;
        a = arrays;
        this.sizes = sizes;
        width = h.embeddingLength();
    }

    /** to = row {@link CallField#ROW} of the hidden states. */
    void copyRow(DeviceGraph graph, FloatArray to) {
        int field = CallField.ROW;
        graph.add(
                "row",
                width,
                sizes.elements(),
                g -> g.task("row", RowKernels::copyRow, context, a.call, a.hidden, to, width, field));
    }

    /** y = norm(x). */
    void normalise(DeviceGraph graph, String id, NormWeights norm, FloatArray x, FloatArray y, int field) {
        rmsNorm(graph, id, x, y, width, 1, field);
        if (norm.bias() != null) {
            addBias(graph, id + "Bias", y, width, field + 1);
        }
    }

    /** Each head by itself, or the whole row, as long as the weight is. */
    void normaliseHeads(DeviceGraph graph, String id, float @Nullable [] weight, FloatArray x, int field) {
        if (weight != null) {
            rmsNorm(graph, id, x, x, weight.length, x.getSize() / a.rowsMax / weight.length, field);
        }
    }

    private void rmsNorm(
            DeviceGraph graph, String id, FloatArray x, FloatArray y, int n, int vectorsPerRow, int field) {
        graph.add(
                id,
                vectorsPerRow * sizes.reduction(),
                sizes.reduction(),
                g -> g.task(
                        id,
                        RowKernels::rmsNorm,
                        context,
                        a.call,
                        weights.parameters(),
                        x,
                        y,
                        n,
                        h.normEpsilon(),
                        field));
    }

    private void addBias(DeviceGraph graph, String id, FloatArray y, int rowWidth, int field) {
        graph.add(
                id,
                rowWidth,
                sizes.elements(),
                g -> g.task(id, RowKernels::addBias, context, a.call, weights.parameters(), y, rowWidth, field));
    }

    /** hidden += x, by the residual scale. */
    void addToHidden(DeviceGraph graph, String id, FloatArray x) {
        float scale = h.scales().residual();
        graph.add(
                id,
                width,
                sizes.elements(),
                g -> g.task(id, RowKernels::addScaled, context, a.call, x, a.hidden, width, scale));
    }

    /** gates = silu(gates) · ups. */
    void activate(DeviceGraph graph, String id, int elementsPerRow) {
        int elements = a.rowsMax * elementsPerRow;
        graph.add(
                id,
                elementsPerRow,
                sizes.elements(),
                g -> g.task(id, RowKernels::swiglu, context, a.gates, a.ups, elements));
    }

    /** y = matrix · x + bias. */
    void project(DeviceGraph graph, String id, Projection projection, FloatArray x, FloatArray y, int field) {
        one(graph, id, projection.matrix(), x, y, field);
        if (projection.bias() != null) {
            addBias(graph, id + "Bias", y, projection.matrix().rows(), field + 1);
        }
    }

    /** A product of each row with one matrix. */
    void one(DeviceGraph graph, String id, WeightMatrix matrix, FloatArray x, FloatArray y, int field) {
        multiply(graph, id, matrix, a.call, weights.bytes(), x, y, field, 0, 1, 1);
    }

    /**
     * A product of each pair of a row and an expert with the expert's matrix, in whichever pool it is.
     *
     * @param like a matrix of the same shape and type
     * @param part 0 for gates, 1 for ups, 2 for downs
     * @param pairsPerInput K where a row is one input, 1 where each pair has its own
     */
    void multiplyExperts(
            DeviceGraph graph,
            String id,
            WeightMatrix like,
            SlotPools slots,
            int part,
            FloatArray x,
            FloatArray y,
            int pairsPerInput) {
        for (int pool = 0; pool < slots.poolCount(); pool++) {
            int field = slots.placeField(pool, part);
            ByteArray from = slots.pool(pool);
            multiply(graph, id + pool, like, slots.places(), from, x, y, field, 1, pairsPerInput, a.used);
        }
    }

    private void multiply(
            DeviceGraph graph,
            String id,
            WeightMatrix matrix,
            IntArray starts,
            ByteArray from,
            FloatArray x,
            FloatArray y,
            int field,
            int step,
            int outputsPerInput,
            int outputsPerRow) {
        int items = matrix.rows() * outputsPerRow * sizes.reduction();
        graph.add(
                id,
                items,
                sizes.reduction(),
                g -> MatrixProducts.add(
                        g,
                        id,
                        matrix.type(),
                        context,
                        starts,
                        from,
                        a.table,
                        x,
                        y,
                        matrix.rows(),
                        matrix.columns(),
                        field,
                        step,
                        outputsPerInput));
    }

    /** Whether what is rounded for one will do for the other. */
    static boolean samePrecision(Projection first, Projection second) {
        return ActivationPrecision.with(first.matrix().type())
                == ActivationPrecision.with(second.matrix().type());
    }

    /** Rounds rows for a product; gives where the rounded ones are. */
    FloatArray round(
            DeviceGraph graph,
            String id,
            WeightMatrix matrix,
            FloatArray x,
            FloatArray to,
            int vectorWidth,
            int vectorsPerRow) {
        BlockType type = matrix.type();
        ActivationPrecision precision = ActivationPrecision.with(type);
        int perRow = vectorWidth * vectorsPerRow / precision.blockElements();
        int blocks = perRow * a.rowsMax;
        return switch (precision) {
            case FLOAT32 -> x;
            case FLOAT16 -> {
                graph.add(
                        id,
                        perRow,
                        sizes.elements(),
                        g -> g.task(id, RoundingKernels::roundToHalf, context, x, to, blocks));
                yield to;
            }
            case BLOCKS_OF_32 -> {
                graph.add(
                        id,
                        perRow,
                        sizes.elements(),
                        g -> g.task(id, RoundingKernels::roundBlocksOf32, context, x, to, blocks));
                yield to;
            }
            case BLOCKS_OF_256 -> {
                graph.add(
                        id,
                        perRow,
                        sizes.elements(),
                        g -> g.task(id, RoundingKernels::roundBlocksOf256, context, x, to, blocks));
                yield to;
            }
            case BFLOAT16 -> throw new IllegalArgumentException("block type " + type + " has no kernel on devices");
        };
    }
}
