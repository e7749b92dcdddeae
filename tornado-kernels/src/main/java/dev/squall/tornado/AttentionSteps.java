package dev.squall.tornado;

import dev.squall.compute.Rotation;
import dev.squall.model.Feature;
import dev.squall.model.Hyperparameters;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Adds to a graph what both kinds of attention do with queries, keys and values. */
final class AttentionSteps {
    private final Hyperparameters h;
    private final DeviceWeights weights;
    private final DeviceArrays a;
    private final Rotation rotation;
    private final GroupSizes sizes;
    private final int positionsMax;
    private final boolean scaledQueries;
    private final KernelContext context = new KernelContext();

    AttentionSteps(
            Hyperparameters h,
            DeviceWeights weights,
            DeviceArrays arrays,
            Rotation rotation,
            GroupSizes sizes,
            int positionsMax) {
        this.h = h;
        this.weights = weights;
        a = arrays;
        this.rotation = rotation;
        this.sizes = sizes;
        this.positionsMax = positionsMax;
        scaledQueries = h.architecture().has(Feature.SCALED_QUERIES);
    }

    /** Rotates, scales and rounds queries. */
    void rotateQueries(DeviceGraph graph) {
        rotate(
                graph,
                "rotateQueries",
                a.queries,
                h.headCount(),
                scaledQueries ? h.scales().attention() : 1);
    }

    /** Rotates and rounds keys. */
    void rotateKeys(DeviceGraph graph) {
        rotate(graph, "rotateKeys", a.keys, h.headCountKv(), 1);
    }

    private void rotate(DeviceGraph graph, String id, FloatArray x, int heads, float scale) {
        graph.add(
                id,
                heads,
                sizes.elements(),
                g -> g.task(
                        id,
                        AttentionKernels::rotateHeads,
                        context,
                        a.call,
                        a.turns,
                        x,
                        heads,
                        h.keyLength(),
                        rotation.pairs(),
                        rotation.step(),
                        rotation.distance(),
                        scale));
    }

    /** Rotates vectors from their element {@code first} on. */
    void turn(DeviceGraph graph, String id, FloatArray x, int perRow, int length, int first) {
        graph.add(
                id,
                perRow,
                sizes.elements(),
                g -> g.task(
                        id,
                        AttentionKernels::turnParts,
                        context,
                        a.call,
                        a.turns,
                        x,
                        perRow,
                        length,
                        first,
                        rotation.pairs(),
                        rotation.step(),
                        rotation.distance()));
    }

    /** Writes keys of the rows to the cache. */
    void storeKeys(DeviceGraph graph, FloatArray keys) {
        store(graph, "storeKeys", keys, a.keyCache, h.keyLength());
    }

    /** Writes values of the rows to the cache. */
    void storeValues(DeviceGraph graph) {
        store(graph, "storeValues", a.values, a.valueCache, h.valueLength());
    }

    private void store(DeviceGraph graph, String id, FloatArray x, FloatArray cache, int length) {
        int heads = h.headCountKv();
        graph.add(
                id,
                heads * length,
                sizes.elements(),
                g -> g.task(id, AttentionKernels::store, context, a.call, x, cache, heads, length, positionsMax));
    }

    /** attended = the values in the cache by the softmax of queries on keys. */
    void attend(DeviceGraph graph) {
        int heads = h.headCount();
        FloatArray values = h.keepsValuesInKeys() ? a.keyCache : a.valueCache;
        graph.add(
                "weighPositions",
                heads * sizes.reduction(),
                sizes.reduction(),
                g -> g.task(
                        "weighPositions",
                        AttentionKernels::weighPositions,
                        context,
                        a.call,
                        weights.parameters(),
                        a.table,
                        a.queries,
                        a.keyCache,
                        a.positionWeights,
                        heads,
                        heads / h.headCountKv(),
                        h.keyLength(),
                        positionsMax,
                        sizes.lanes(),
                        scaledQueries ? 1 : h.scales().attention()));
        graph.add(
                "mixValues",
                heads * h.valueLength(),
                sizes.elements(),
                g -> g.task(
                        "mixValues",
                        AttentionKernels::mixValues,
                        context,
                        a.call,
                        a.positionWeights,
                        values,
                        a.attended,
                        heads,
                        heads / h.headCountKv(),
                        h.valueLength(),
                        h.keepsValuesInKeys() ? h.keyLength() : h.valueLength(),
                        positionsMax));
    }
}
