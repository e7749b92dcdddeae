package dev.squall.tornado;

import dev.squall.compute.ActivationPrecision;
import dev.squall.model.Hyperparameters;
import dev.squall.model.MixtureWeights.ExpertBiases;
import dev.squall.model.NormWeights;
import dev.squall.model.Projection;
import dev.squall.model.WeightMatrix;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
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

    /** crossing = row {@link CallField#ROW} of the hidden states, and the router's logits of all rows. */
    void collect(DeviceGraph graph) {
        int field = CallField.ROW;
        graph.add(
                "collect",
                Math.max(width, h.expertCount()),
                sizes.elements(),
                g -> g.task(
                        "collect",
                        RowKernels::collect,
                        context,
                        a.call,
                        a.hidden,
                        a.routerLogits,
                        a.crossing,
                        width,
                        h.expertCount(),
                        field));
    }

    /** y = norm(x). */
    void normalise(DeviceGraph graph, String id, NormWeights norm, FloatArray x, FloatArray y, int field) {
        rmsNorm(graph, id, x, y, width, width, 1, field);
        if (norm.bias() != null) {
            addBias(graph, id + "Bias", y, width, field + 1);
        }
    }

    /** Each head by itself, or the whole row, as long as the weight is. */
    void normaliseHeads(DeviceGraph graph, String id, float @Nullable [] weight, FloatArray x, int field) {
        if (weight != null) {
            int n = weight.length;
            rmsNorm(graph, id, x, x, n, n, x.getSize() / a.rowsMax / n, field);
        }
    }

    /** The first elements of each row, as many as the norm has, in place. */
    void normaliseFirst(DeviceGraph graph, String id, NormWeights norm, FloatArray x, int field) {
        rmsNorm(graph, id, x, x, norm.weight().length, x.getSize() / a.rowsMax, 1, field);
    }

    private void rmsNorm(
            DeviceGraph graph, String id, FloatArray x, FloatArray y, int n, int stride, int vectorsPerRow, int field) {
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
                        stride,
                        sizes.lanes(),
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

    /** gates = activation(gates, ups). */
    void activate(DeviceGraph graph, String id, int elementsPerRow, boolean clamped) {
        int elements = a.rowsMax * elementsPerRow;
        graph.add(
                id,
                elementsPerRow,
                sizes.elements(),
                g -> clamped
                        ? g.task(id, RowKernels::clampedSwiglu, context, a.table, a.gates, a.ups, elements)
                        : g.task(id, RowKernels::swiglu, context, a.table, a.gates, a.ups, elements));
    }

    /**
     * Copies a part of each vector.
     *
     * @param perRow vectors of a row that are written
     * @param sharing how many of them are made of one that is read
     */
    void copyParts(DeviceGraph graph, String id, int perRow, int sharing, Part from, Part to, int count) {
        graph.add(
                id,
                perRow * count,
                sizes.elements(),
                g -> g.task(
                        id,
                        RowKernels::copyParts,
                        context,
                        a.call,
                        from.array,
                        to.array,
                        perRow,
                        sharing,
                        from.stride,
                        from.first,
                        to.stride,
                        to.first,
                        count));
    }

    /** Where parts of vectors are: elements from one vector to the next, and to the part from its vector's first. */
    record Part(FloatArray array, int stride, int first) {}

    /** y = matrix · x + bias. */
    void project(DeviceGraph graph, String id, Projection projection, FloatArray x, FloatArray y, int field) {
        one(graph, id, projection.matrix(), x, y, field);
        if (projection.bias() != null) {
            addBias(graph, id + "Bias", y, projection.matrix().rows(), field + 1);
        }
    }

    /** A product of each row with one matrix. */
    void one(DeviceGraph graph, String id, WeightMatrix matrix, FloatArray x, FloatArray y, int field) {
        multiply(graph, id, matrix, operands(a.call, weights.bytes(), x, y), new Pairing(field, 0, 1, 1, 1));
    }

    /** A product of each head of each row with the head's matrix; they lie one after the other. */
    void each(DeviceGraph graph, String id, List<WeightMatrix> matrices, FloatArray x, FloatArray y, int field) {
        int heads = matrices.size();
        MatrixProducts.Operands operands = operands(a.call, weights.bytes(), x, y);
        multiply(graph, id, matrices.getFirst(), operands, new Pairing(field, 0, 1, heads, heads));
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
            MatrixProducts.Operands operands = operands(slots.places(), slots.pool(pool), x, y);
            Pairing pairing = new Pairing(slots.placeField(pool, part), 1, pairsPerInput, a.used, 1);
            multiply(graph, id + pool, like, operands, pairing);
        }
    }

    /** Adds to each pair of a row and an expert the expert's bias, if there are biases. */
    void addExpertBiases(
            DeviceGraph graph,
            String id,
            @Nullable ExpertBiases biases,
            SlotPools slots,
            FloatArray y,
            int n,
            int field) {
        if (biases == null) {
            return;
        }
        int experts = slots.expertField();
        graph.add(
                id,
                a.used * n,
                sizes.elements(),
                g -> g.task(
                        id,
                        ExpertKernels::addExpertBias,
                        context,
                        a.call,
                        slots.places(),
                        weights.parameters(),
                        y,
                        n,
                        a.used,
                        field,
                        experts));
    }

    /**
     * Which inputs meet which matrices.
     *
     * @param field of {@code starts}, where the first product's matrix begins
     * @param step fields from one product's to the next's; 0 where all have the same
     * @param outputsPerInput products that read the same input, one after the other
     * @param outputsPerRow products of a row
     * @param matrices that lie one after the other from there and take turns
     */
    private record Pairing(int field, int step, int outputsPerInput, int outputsPerRow, int matrices) {}

    /** @param starts where in {@code from} matrices begin */
    private MatrixProducts.Operands operands(IntArray starts, ByteArray from, FloatArray x, FloatArray y) {
        return new MatrixProducts.Operands(starts, from, a.table, x, a.blockHeaders, y);
    }

    private void multiply(
            DeviceGraph graph, String id, WeightMatrix matrix, MatrixProducts.Operands operands, Pairing pairing) {
        int lanes = MatrixProducts.lanes(matrix.type(), sizes.lanes());
        int items = matrix.rows() * pairing.outputsPerRow() * Math.min(lanes, sizes.product());
        MatrixProducts.Shape shape = new MatrixProducts.Shape(
                matrix.rows(),
                matrix.columns(),
                pairing.field(),
                pairing.step(),
                pairing.outputsPerInput(),
                pairing.matrices(),
                sizes.lanes());
        graph.add(
                id,
                items,
                sizes.ofProduct(matrix.rows(), lanes),
                g -> MatrixProducts.add(g, id, matrix.type(), context, operands, shape));
    }

    /** Whether what is rounded for one will do for the other. */
    static boolean samePrecision(WeightMatrix first, WeightMatrix second) {
        return ActivationPrecision.with(first.type()) == ActivationPrecision.with(second.type());
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
        ActivationPrecision precision = ActivationPrecision.with(matrix.type());
        if (precision == ActivationPrecision.FLOAT32) {
            return x;
        }
        int perRow = vectorWidth * vectorsPerRow / precision.blockElements();
        int blocks = perRow * a.rowsMax;
        graph.add(
                id,
                perRow,
                sizes.elements(),
                g -> precision == ActivationPrecision.BLOCKS_OF_256
                        ? g.task(id, RoundingKernels::roundBlocksOf256, context, x, to, a.blockHeaders, blocks)
                        : g.task(id, rounding(precision), context, x, to, blocks));
        return to;
    }

    /** Rounds all elements to half precision, in place. */
    void roundToHalf(DeviceGraph graph, String id, FloatArray x) {
        int elements = x.getSize();
        graph.add(
                id,
                elements / a.rowsMax,
                sizes.elements(),
                g -> g.task(id, RoundingKernels::roundToHalf, context, x, x, elements));
    }

    private static Task4<KernelContext, FloatArray, FloatArray, Integer> rounding(ActivationPrecision precision) {
        return switch (precision) {
            case FLOAT32, BLOCKS_OF_256 -> throw new AssertionError(precision);
            case FLOAT16 -> RoundingKernels::roundToHalf;
            case BFLOAT16 -> RoundingKernels::roundToBfloat;
            case BLOCKS_OF_32 -> RoundingKernels::roundBlocksOf32;
        };
    }
}
