package dev.squall.tornado;

import dev.squall.compute.Rotation;
import dev.squall.model.AttentionWeights.Grouped;
import dev.squall.model.AttentionWeights.Latent;
import dev.squall.model.ExpertWeights;
import dev.squall.model.Feature;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LayerWeights;
import dev.squall.model.MixtureWeights;
import dev.squall.model.MixtureWeights.ExpertBiases;
import dev.squall.model.ModelWeights;
import dev.squall.model.NormWeights;
import dev.squall.model.Projection;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Builds the graphs of a pass. One graph serves all layers whose weights have the same types. */
final class LayerGraphs {
    private final Hyperparameters h;
    private final DeviceWeights weights;
    private final DeviceArrays a;
    private final SlotPools slots;
    private final GroupSizes sizes;
    private final GridScheduler grids;
    private final int width;
    private final GraphSteps steps;
    private final HeadSteps heads;
    private final KernelContext context = new KernelContext();

    LayerGraphs(
            ModelWeights model,
            DeviceWeights weights,
            DeviceArrays arrays,
            SlotPools slots,
            Rotation rotation,
            GroupSizes sizes,
            GridScheduler grids,
            int positionsMax) {
        h = model.hyperparameters();
        this.weights = weights;
        a = arrays;
        this.slots = slots;
        this.sizes = sizes;
        this.grids = grids;
        width = h.embeddingLength();
        steps = new GraphSteps(h, weights, arrays, sizes);
        heads = new HeadSteps(h, arrays, steps, new AttentionSteps(h, weights, arrays, rotation, sizes, positionsMax));
    }

    /**
     * Everything that stays on the device. Every graph consumes and leaves all of it, used or not: TornadoVM 5.2 takes
     * what a graph consumes from the graph that the plan executed before.
     */
    private Object[] resident() {
        Stream<Object> own = Stream.of(weights.bytes(), weights.parameters(), a.keyCache, a.valueCache);
        return Stream.of(Arrays.stream(slots.all()), own, a.scratch().stream())
                .flatMap(all -> all)
                .toArray();
    }

    /** Brings everything that stays to the device. */
    DeviceGraph init() {
        Object[] all = resident();
        DeviceGraph graph = new DeviceGraph(DeviceGraph.INIT, grids).takesOnce(all);
        int index = 0;
        for (Object array : all) {
            String id = "touch" + index++;
            if (array instanceof FloatArray floats) {
                graph.add(id, 1, 1, g -> g.task(id, RowKernels::touch, context, floats));
            } else if (array instanceof IntArray ints) {
                graph.add(id, 1, 1, g -> g.task(id, RowKernels::touchInts, context, ints));
            } else if (array instanceof ByteArray bytes) {
                graph.add(id, 1, 1, g -> g.task(id, RowKernels::touchBytes, context, bytes));
            }
        }
        return graph.leaves(all);
    }

    /** Copies an expert from the staging array to its slot in a pool; launched as a pass of one row. */
    DeviceGraph upload(int pool, ByteArray staging, IntArray target) {
        int items = Math.ceilDiv(staging.getSize(), RowKernels.COPIED_BYTES);
        ByteArray to = slots.pool(pool);
        return new DeviceGraph("upload" + pool, grids)
                .shares(slots.all())
                .takes(staging, target)
                .add(
                        "fill",
                        items,
                        sizes.elements(),
                        g -> g.task("fill", RowKernels::fillSlot, context, target, staging, to))
                .leaves(slots.all());
    }

    /**
     * hidden = the embedded rows.
     *
     * @param embedded for as many rows as the pass may have: arrays cross whole
     * @param angles for as many
     */
    DeviceGraph begin(String name, FloatArray embedded, FloatArray angles) {
        int elements = embedded.getSize();
        int turned = angles.getSize();
        return new DeviceGraph(name, grids)
                .shares(resident())
                .takes(embedded, angles)
                .add(
                        "embed",
                        width,
                        sizes.elements(),
                        g -> g.task("embed", RowKernels::copy, context, embedded, a.hidden, elements))
                .add(
                        "turn",
                        a.turns.getSize() / a.rowsMax,
                        sizes.elements(),
                        g -> g.task("turn", RowKernels::copy, context, angles, a.turns, turned))
                .leaves(resident());
    }

    /** Attention, the norm after it and, in a layer with experts, the router's logits and one row of the hidden states. */
    DeviceGraph attention(String name, LayerWeights layer) {
        Projection router = layer.feedForward() instanceof MixtureWeights mixture ? mixture.router() : null;
        DeviceGraph graph = new DeviceGraph(name, grids).shares(resident()).takes(a.call);
        steps.normalise(graph, "norm", layer.attentionNorm(), a.hidden, a.normed, CallField.ATTENTION_NORM);
        FloatArray values =
                switch (layer.attention()) {
                    case Grouped grouped -> heads.grouped(graph, grouped);
                    case Latent latent ->
                        heads.latent(
                                graph, latent, Objects.requireNonNull(h.latent()), Objects.requireNonNull(a.latent));
                };
        Projection output = layer.attention().output();
        FloatArray input = steps.round(
                graph,
                "roundOutput",
                output.matrix(),
                values,
                a.rounded,
                output.matrix().columns(),
                1);
        steps.project(graph, "output", output, input, a.output, CallField.OUTPUT);
        steps.addToHidden(graph, "residual", a.output);
        steps.normalise(
                graph, "feedForwardNorm", layer.feedForwardNorm(), a.hidden, a.normed, CallField.FEED_FORWARD_NORM);
        if (router != null) {
            input = steps.round(graph, "roundRouter", router.matrix(), a.normed, a.rounded, width, 1);
            steps.project(graph, "router", router, input, a.routerLogits, CallField.ROUTER);
            steps.collect(graph);
            graph.givesPart(a.crossing, width, h.expertCount());
        }
        return graph.leaves(resident());
    }

    /** hidden += the experts of each row by their weights, and the shared expert. */
    DeviceGraph experts(String name, MixtureWeights mixture, ExpertWeights any) {
        ExpertWeights shared = mixture.shared();
        DeviceGraph graph =
                new DeviceGraph(name, grids).shares(resident()).takes(a.call, slots.places(), a.expertWeights);
        int inner = h.expertFeedForwardLength();
        ExpertBiases biases = mixture.expertBiases();
        FloatArray input = steps.round(graph, "round", any.gate(), a.normed, a.rounded, width, 1);
        steps.multiplyExperts(graph, "gate", any.gate(), slots, 0, input, a.gates, a.used);
        if (!GraphSteps.samePrecision(any.gate(), any.up())) {
            input = steps.round(graph, "roundUp", any.up(), a.normed, a.rounded, width, 1);
        }
        steps.multiplyExperts(graph, "up", any.up(), slots, 1, input, a.ups, a.used);
        steps.addExpertBiases(graph, "gateBias", biases, slots, a.gates, inner, CallField.EXPERT_GATE_BIAS);
        steps.addExpertBiases(graph, "upBias", biases, slots, a.ups, inner, CallField.EXPERT_UP_BIAS);
        steps.activate(graph, "swiglu", a.used * inner, h.architecture().has(Feature.CLAMPED_SWIGLU));
        FloatArray activated = steps.round(graph, "roundDown", any.down(), a.gates, a.gates, inner, a.used);
        steps.multiplyExperts(graph, "down", any.down(), slots, 2, activated, a.outputs, 1);
        steps.addExpertBiases(graph, "downBias", biases, slots, a.outputs, width, CallField.EXPERT_DOWN_BIAS);
        graph.add(
                "sum",
                width,
                sizes.elements(),
                g -> g.task(
                        "sum",
                        ExpertKernels::sumExperts,
                        context,
                        a.call,
                        a.outputs,
                        a.expertWeights,
                        a.output,
                        width,
                        a.used));
        if (shared != null) {
            network(graph, shared, a.shared);
            addShared(graph, mixture.sharedGate());
        }
        steps.addToHidden(graph, "residual", a.output);
        return graph.leaves(resident());
    }

    private void addShared(DeviceGraph graph, float @Nullable [] gate) {
        if (gate == null) {
            graph.add(
                    "addShared",
                    width,
                    sizes.elements(),
                    g -> g.task("addShared", RowKernels::addScaled, context, a.call, a.shared, a.output, width, 1f));
            return;
        }
        int field = CallField.NETWORK_WEIGHT;
        graph.add(
                "addShared",
                sizes.reduction(),
                sizes.reduction(),
                g -> g.task(
                        "addShared",
                        ExpertKernels::addGated,
                        context,
                        a.call,
                        weights.parameters(),
                        a.table,
                        a.normed,
                        a.shared,
                        a.output,
                        width,
                        sizes.lanes(),
                        field));
    }

    /** hidden += the network of a dense layer. */
    DeviceGraph dense(String name, ExpertWeights network) {
        DeviceGraph graph = new DeviceGraph(name, grids).shares(resident()).takes(a.call);
        network(graph, network, a.output);
        steps.addToHidden(graph, "residual", a.output);
        return graph.leaves(resident());
    }

    private void network(DeviceGraph graph, ExpertWeights network, FloatArray to) {
        FloatArray input = steps.round(graph, "roundNetwork", network.gate(), a.normed, a.rounded, width, 1);
        steps.one(graph, "networkGate", network.gate(), input, a.gates, CallField.NETWORK_GATE);
        if (!GraphSteps.samePrecision(network.gate(), network.up())) {
            input = steps.round(graph, "roundNetworkUp", network.up(), a.normed, a.rounded, width, 1);
        }
        steps.one(graph, "networkUp", network.up(), input, a.ups, CallField.NETWORK_UP);
        int inner = network.gate().rows();
        steps.activate(graph, "networkSwiglu", inner, false);
        FloatArray activated = steps.round(graph, "roundNetworkDown", network.down(), a.gates, a.gates, inner, 1);
        steps.one(graph, "networkDown", network.down(), activated, to, CallField.NETWORK_DOWN);
    }

    /** The logits of row {@link CallField#ROW}; launched as a pass of one row. */
    DeviceGraph head(NormWeights norm, Projection output) {
        DeviceGraph graph = new DeviceGraph("head", grids).shares(resident()).takes(a.call);
        logits(graph, norm, output, a.logits);
        return graph.gives(a.logits).leaves(resident());
    }

    private void logits(DeviceGraph graph, NormWeights norm, Projection output, FloatArray to) {
        steps.copyRow(graph, a.row);
        steps.normalise(graph, "norm", norm, a.row, a.normed, CallField.HEAD_NORM);
        FloatArray input = steps.round(graph, "round", output.matrix(), a.normed, a.rounded, width, 1);
        steps.project(graph, "output", output, input, to, CallField.HEAD);
    }

    /** The likeliest token after row {@link CallField#ROW}; launched as a pass of one row. */
    DeviceGraph choice(NormWeights norm, Projection output) {
        DeviceGraph graph = new DeviceGraph("choice", grids).shares(resident()).takes(a.call);
        logits(graph, norm, output, a.candidates);
        int items = a.bestTokens.getSize();
        int vocabularySize = output.matrix().rows();
        float scale = h.scales().logits();
        graph.add(
                "bestOfSome",
                items,
                sizes.elements(),
                g -> g.task(
                        "bestOfSome",
                        ChoiceKernels::bestOfSome,
                        context,
                        a.candidates,
                        a.bestLogits,
                        a.bestTokens,
                        vocabularySize,
                        items,
                        scale));
        graph.add(
                "bestOfAll",
                sizes.reduction(),
                sizes.reduction(),
                g -> g.task(
                        "bestOfAll", ChoiceKernels::bestOfAll, context, a.bestLogits, a.bestTokens, a.chosen, items));
        return graph.gives(a.chosen).leaves(resident());
    }
}
