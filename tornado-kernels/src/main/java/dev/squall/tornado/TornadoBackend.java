package dev.squall.tornado;

import dev.squall.compute.BackendFactory;
import dev.squall.compute.BackendOptions;
import dev.squall.compute.ComputeBackend;
import dev.squall.compute.Rotation;
import dev.squall.expert.ExpertLease;
import dev.squall.gguf.BlockCodec;
import dev.squall.model.AttentionWeights.Grouped;
import dev.squall.model.ExpertWeights;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LayerWeights;
import dev.squall.model.MixtureWeights;
import dev.squall.model.ModelWeights;
import dev.squall.model.NormWeights;
import dev.squall.model.Projection;
import dev.squall.model.RowBatch;
import dev.squall.model.WeightMatrix;
import dev.squall.routing.LayerRouting;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/**
 * Computes on a device of TornadoVM, or in its simulator. Weights beside the routed experts, hidden states and KV cache
 * stay on the device; embedded rows, angles, router logits, expert weights and output logits cross. One plan, executed by
 * one thread of its own.
 */
public final class TornadoBackend implements ComputeBackend {
    /** Rows of a pass: each reads the weights again, so more gain little. */
    private static final int ROWS_MAX = 32;

    private final Hyperparameters h;
    private final ModelWeights model;
    private final BackendOptions options;
    private final DeviceWeights weights;
    private final DeviceArrays a;
    private final ExpertSlots slots;
    private final Rotation rotation;
    private final GridScheduler grids = new GridScheduler();
    private final List<DeviceGraph> graphs = new ArrayList<>();
    private final Map<List<Object>, Integer> graphOfTypes = new HashMap<>();
    private final int[] attentionGraphs;
    private final int[] feedForwardGraphs;
    private final int initGraph;
    private final int beginGraph;
    private final int headGraph;
    private final int hiddenGraph;
    private final int uploadGraph;
    private final TornadoExecutionPlan plan;
    private final TornadoDevice device;
    private final DeviceThread thread = new DeviceThread();
    private RowBatch rows = new RowBatch(new int[1], new int[1], new int[1]);
    private boolean closed;

    /** Whether TornadoVM itself is there, and not only its simulator. */
    public static boolean isTornadoVm() {
        return TornadoRuntimeProvider.class.getModule().isNamed();
    }

    /**
     * A factory of backends on the first device.
     *
     * @param expertBytesMax most bytes of experts on the device; at least one layer's
     */
    public static BackendFactory factory(long expertBytesMax) {
        return (model, options) -> {
            DeviceSupport.require(model);
            return new TornadoBackend(model, options, expertBytesMax);
        };
    }

    private TornadoBackend(ModelWeights model, BackendOptions wanted, long expertBytesMax) {
        this.model = model;
        h = model.hyperparameters();
        options = new BackendOptions(
                wanted.threads(), Math.min(wanted.rowsMax(), ROWS_MAX), wanted.sequencesMax(), wanted.positionsMax());
        device = TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice();
        rotation = Rotation.of(model, options.positionsMax(), options.rowsMax());
        a = new DeviceArrays(h, model.output().matrix().rows(), rotation.pairs(), options);
        slots = new ExpertSlots(model, Math.min(expertBytesMax, device.getMaxAllocMemory()));
        weights = new DeviceWeights(model);
        GroupSizes sizes = GroupSizes.of(device, !isTornadoVm());
        LayerGraphs builder =
                new LayerGraphs(model, weights, a, slots.pool(), rotation, sizes, grids, options.positionsMax());
        initGraph = add(builder.init());
        beginGraph = add(builder.begin());
        headGraph = add(builder.head(model.outputNorm(), model.output()));
        hiddenGraph = add(builder.hiddenRow());
        uploadGraph = add(builder.upload(slots.staging(), slots.target()));
        attentionGraphs = new int[h.blockCount()];
        feedForwardGraphs = new int[h.blockCount()];
        for (int layer = 0; layer < h.blockCount(); layer++) {
            LayerWeights layerWeights = model.layers().get(layer);
            String number = "" + graphs.size();
            attentionGraphs[layer] =
                    shared(attentionTypes(layerWeights), () -> builder.attention("attention" + number, layerWeights));
            feedForwardGraphs[layer] = shared(
                    feedForwardTypes(layerWeights), () -> feedForward(builder, "feedForward" + number, layerWeights));
        }
        plan = new TornadoExecutionPlan(
                graphs.stream().map(DeviceGraph::snapshot).toArray(ImmutableTaskGraph[]::new));
        boolean ready = false;
        try {
            thread.call(() -> {
                plan.withGridScheduler(grids);
                launch(initGraph, 1);
            });
            ready = true;
        } finally {
            if (!ready) {
                close();
            }
        }
    }

    private int add(DeviceGraph graph) {
        graphs.add(graph);
        return graphs.size() - 1;
    }

    private int shared(List<Object> types, Supplier<DeviceGraph> graph) {
        Integer known = graphOfTypes.get(types);
        if (known == null) {
            known = add(graph.get());
            graphOfTypes.put(types, known);
        }
        return known;
    }

    private static DeviceGraph feedForward(LayerGraphs builder, String name, LayerWeights layer) {
        return switch (layer.feedForward()) {
            case MixtureWeights mixture ->
                builder.experts(name, mixture, mixture.experts().getFirst());
            case ExpertWeights dense -> builder.dense(name, dense);
        };
    }

    private static List<Object> attentionTypes(LayerWeights layer) {
        Grouped heads = (Grouped) layer.attention();
        List<Object> types = new ArrayList<>(List.of("attention"));
        for (Projection projection : List.of(heads.query(), heads.key(), heads.value(), heads.output())) {
            types.add(projection.matrix().type());
            types.add(projection.bias() != null);
        }
        types.add(layer.attentionNorm().bias() != null);
        types.add(layer.feedForwardNorm().bias() != null);
        if (layer.feedForward() instanceof MixtureWeights mixture) {
            types.add(mixture.router().matrix().type());
            types.add(mixture.router().bias() != null);
        }
        return types;
    }

    private static List<Object> feedForwardTypes(LayerWeights layer) {
        List<Object> types = new ArrayList<>();
        switch (layer.feedForward()) {
            case ExpertWeights dense -> {
                types.add("dense");
                dense.matrices().map(WeightMatrix::type).forEach(types::add);
            }
            case MixtureWeights mixture -> {
                types.add("experts");
                mixture.experts().getFirst().matrices().map(WeightMatrix::type).forEach(types::add);
                ExpertWeights shared = mixture.shared();
                if (shared != null) {
                    types.add(mixture.sharedGate() != null);
                    shared.matrices().map(WeightMatrix::type).forEach(types::add);
                }
            }
        }
        return types;
    }

    private void launch(int graph, int count) {
        a.set(CallField.ROWS, count);
        graphs.get(graph).resize(count);
        plan.withGraph(graph).execute();
    }

    @Override
    public String description() {
        String what = isTornadoVm() ? "TornadoVM" : "TornadoVM simulator (slow: for tests and debugging)";
        return what + ", " + device.getDeviceName() + ", " + slots.slotCount() + " expert slots";
    }

    @Override
    public int rowsMax() {
        return options.rowsMax();
    }

    @Override
    public int sequencesMax() {
        return options.sequencesMax();
    }

    @Override
    public int positionsMax() {
        return options.positionsMax();
    }

    @Override
    public void begin(RowBatch batch) {
        if (batch.size() > options.rowsMax()) {
            throw new IllegalArgumentException(
                    "a batch of " + batch.size() + " rows, expected at most " + options.rowsMax());
        }
        rows = batch;
        rotation.begin(batch);
        int width = h.embeddingLength();
        float[] decoded = new float[width];
        WeightMatrix embedding = model.tokenEmbedding();
        for (int row = 0; row < batch.size(); row++) {
            require(batch.tokens()[row], embedding.rows(), "token");
            require(batch.sequences()[row], options.sequencesMax(), "sequence");
            require(batch.positions()[row], options.positionsMax(), "position");
            long at = batch.tokens()[row] * embedding.type().rowBytes(width);
            BlockCodec.decode(embedding.type(), embedding.data(), at, decoded, 0, width);
            for (int i = 0; i < width; i++) {
                a.embedded.set(row * width + i, decoded[i] * h.scales().embedding());
            }
            int pairs = rotation.pairs();
            for (int pair = 0; pair < pairs; pair++) {
                a.angles.set((2 * row) * pairs + pair, rotation.cosine(row, pair));
                a.angles.set((2 * row + 1) * pairs + pair, rotation.sine(row, pair));
            }
        }
        thread.call(() -> launch(beginGraph, batch.size()));
    }

    private static void require(int value, int limit, String what) {
        if (value < 0 || value >= limit) {
            throw new IllegalArgumentException(what + "=" + value + ", expected from 0 to " + (limit - 1));
        }
    }

    @Override
    public void attentionBlock(int layer, float[] routerLogits) {
        LayerWeights layerWeights = model.layers().get(layer);
        Grouped heads = (Grouped) layerWeights.attention();
        setNorm(CallField.ATTENTION_NORM, layerWeights.attentionNorm());
        setProjection(CallField.QUERY, heads.query());
        setProjection(CallField.KEY, heads.key());
        setProjection(CallField.VALUE, heads.value());
        a.set(CallField.QUERY_NORM, weights.vectorAt(heads.queryNorm()));
        a.set(CallField.KEY_NORM, weights.vectorAt(heads.keyNorm()));
        setProjection(CallField.OUTPUT, heads.output());
        setNorm(CallField.FEED_FORWARD_NORM, layerWeights.feedForwardNorm());
        for (int row = 0; row < rows.size(); row++) {
            int sequence = layer * options.sequencesMax() + rows.sequences()[row];
            int field = DeviceArrays.rowsField() + 3 * row;
            a.call.set(field, sequence * h.headCountKv() * options.positionsMax());
            a.call.set(field + 1, rows.positions()[row]);
            a.call.set(field + 2, h.firstVisible(layer, rows.positions()[row]));
        }
        boolean hasRouter = layerWeights.feedForward() instanceof MixtureWeights;
        if (layerWeights.feedForward() instanceof MixtureWeights mixture) {
            setProjection(CallField.ROUTER, mixture.router());
        }
        thread.call(() -> launch(attentionGraphs[layer], rows.size()));
        for (int i = 0; hasRouter && i < rows.size() * h.expertCount(); i++) {
            routerLogits[i] = a.routerLogits.get(i);
        }
    }

    private void setNorm(int field, NormWeights norm) {
        a.set(field, weights.vectorAt(norm.weight()));
        a.call.set(field + 1, weights.vectorAt(norm.bias()));
    }

    private void setProjection(int field, Projection projection) {
        a.set(field, weights.matrixAt(projection.matrix()));
        a.call.set(field + 1, weights.vectorAt(projection.bias()));
    }

    private void setNetwork(ExpertWeights network) {
        a.set(CallField.NETWORK_GATE, weights.matrixAt(network.gate()));
        a.set(CallField.NETWORK_UP, weights.matrixAt(network.up()));
        a.set(CallField.NETWORK_DOWN, weights.matrixAt(network.down()));
    }

    @Override
    public void expertBlock(LayerRouting routing, ExpertLease lease) {
        int layer = routing.layer();
        if (!(model.layers().get(layer).feedForward() instanceof MixtureWeights mixture)) {
            throw new IllegalArgumentException("layer " + layer + " is dense, expected one with experts");
        }
        ExpertWeights shared = mixture.shared();
        if (shared != null) {
            setNetwork(shared);
            a.set(CallField.NETWORK_WEIGHT, weights.vectorAt(mixture.sharedGate()));
        }
        int pairs = rows.size() * routing.usedCount();
        thread.call(() -> {
            slots.require(layer, routing.experts(), pairs, lease, () -> launch(uploadGraph, 1));
            for (int pair = 0; pair < pairs; pair++) {
                ExpertWeights expert = mixture.experts().get(routing.experts()[pair]);
                int at = slots.at(layer, routing.experts()[pair]);
                int up = at + (int) expert.gate().data().byteSize();
                a.call.set(a.pairField(0) + pair, at);
                a.call.set(a.pairField(1) + pair, up);
                a.call.set(a.pairField(2) + pair, up + (int) expert.up().data().byteSize());
                a.expertWeights.set(pair, routing.weights()[pair]);
            }
            launch(feedForwardGraphs[layer], rows.size());
        });
    }

    @Override
    public void denseBlock(int layer) {
        if (!(model.layers().get(layer).feedForward() instanceof ExpertWeights network)) {
            throw new IllegalArgumentException("layer " + layer + " has experts, expected a dense one");
        }
        setNetwork(network);
        thread.call(() -> launch(feedForwardGraphs[layer], rows.size()));
    }

    @Override
    public void hidden(int row, float[] out, int outOffset) {
        require(row, rows.size(), "row");
        a.set(CallField.ROW, row);
        thread.call(() -> launch(hiddenGraph, 1));
        for (int i = 0; i < h.embeddingLength(); i++) {
            out[outOffset + i] = a.hiddenRow.get(i);
        }
    }

    @Override
    public void head(int[] batchRows, float[] logits) {
        setNorm(CallField.HEAD_NORM, model.outputNorm());
        setProjection(CallField.HEAD, model.output());
        int vocabularySize = model.output().matrix().rows();
        for (int i = 0; i < batchRows.length; i++) {
            require(batchRows[i], rows.size(), "row");
            a.set(CallField.ROW, batchRows[i]);
            thread.call(() -> launch(headGraph, 1));
            for (int token = 0; token < vocabularySize; token++) {
                logits[i * vocabularySize + token] =
                        a.logits.get(token) * h.scales().logits();
            }
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        thread.call(() -> {
            try {
                plan.freeDeviceMemory();
                plan.close();
            } catch (TornadoExecutionPlanException e) {
                throw new IllegalStateException("the device's plan cannot be closed", e);
            }
        });
        thread.close();
    }
}
