package dev.squall.tornado;

import dev.squall.compute.BackendFactory;
import dev.squall.compute.BackendOptions;
import dev.squall.compute.ComputeBackend;
import dev.squall.compute.Rotation;
import dev.squall.expert.ExpertLease;
import dev.squall.expert.ExpertReader;
import dev.squall.expert.SlotMemory;
import dev.squall.gguf.BlockCodec;
import dev.squall.model.ExpertWeights;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LayerWeights;
import dev.squall.model.MixtureWeights;
import dev.squall.model.ModelWeights;
import dev.squall.model.RowBatch;
import dev.squall.model.WeightMatrix;
import dev.squall.routing.LayerRouting;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Computes on a device of TornadoVM, or in its simulator. Weights beside the routed experts, hidden states and KV cache
 * stay on the device; embedded rows, angles, router logits, where experts are, expert weights and
 * output logits cross, or of a greedy answer the likeliest token.
 */
public final class TornadoBackend implements ComputeBackend {
    /** Rows of a pass: each reads the weights again, so more gain little. */
    private static final int ROWS_MAX = 32;

    private final Hyperparameters h;
    private final ModelWeights model;
    private final BackendOptions options;
    private final LayerCall call;
    private final DeviceArrays a;
    private final SlotPools pools;
    private final Rotation rotation;
    private final PassGraphs graphs;
    private final DevicePlan plan;
    private final TornadoDevice device;
    private final CompileListener listener;
    private RowBatch rows = new RowBatch(new int[1], new int[1], new int[1]);
    private @Nullable DevicePlan uploads;
    private @Nullable DeviceSlots slots;
    /** How many rows' hidden states have crossed since they changed: none, the first with router logits, or all. */
    private int crossedRows;

    /** A factory of backends on a device. */
    public static BackendFactory factory(DeviceLimits limits) {
        return factory(limits, CompileListener.NONE);
    }

    /**
     * A factory of backends on a device.
     *
     * @param listener hears how far their kernels are compiled
     */
    public static BackendFactory factory(DeviceLimits limits, CompileListener listener) {
        return (model, options) -> new TornadoBackend(model, options, limits, listener);
    }

    private TornadoBackend(ModelWeights model, BackendOptions wanted, DeviceLimits limits, CompileListener listener) {
        this.listener = listener;
        this.model = model;
        h = model.hyperparameters();
        options = new BackendOptions(
                wanted.threads(),
                Math.min(wanted.rowsMax(), ROWS_MAX),
                wanted.sequencesMax(),
                wanted.positionsMax(),
                wanted.experts());
        device = TornadoDevices.get(limits.index());
        rotation = Rotation.of(model, options.positionsMax(), options.rowsMax());
        DeviceWeights weights = new DeviceWeights(model);
        a = new DeviceArrays(h, model.output().matrix().rows(), rotation.pairs(), options);
        call = new LayerCall(h, weights, a.call, options.sequencesMax(), options.positionsMax());
        long usable = TornadoDevices.usableBytes(device);
        long memory = limits.memoryBytesMax() == 0
                ? usable
                : Math.min(limits.memoryBytesMax(), TornadoDevices.mostBytes(device));
        long buffer =
                Math.min(limits.bufferBytesMax(), Math.min(device.getMaxAllocMemory(), DeviceWeights.BUFFER_BYTES_MAX));
        long slotBytes = largestExpert();
        MemoryBudget budget = new MemoryBudget(
                memory,
                weights.byteCount(),
                a.cacheBytes(),
                a.scratchBytes() + a.crossingBytes(PassGraphs.kinds(model)) + slotBytes);
        int slotCount = budget.slots(slotBytes, h.expertCount(), h.expertLayerCount(), options.experts());
        pools = new SlotPools(slotCount, slotBytes, buffer, options.rowsMax() * a.used);
        GroupSizes sizes = GroupSizes.of(device, !TornadoDevices.isTornadoVm());
        graphs = new PassGraphs(model, weights, a, pools, rotation, sizes, options.positionsMax());
        plan = new DevicePlan("squall-device", device, graphs.grids(), graphs.ofPass());
    }

    private long largestExpert() {
        return model.layers().stream()
                .flatMap(layer -> layer.experts().stream())
                .mapToLong(ExpertWeights::bytes)
                .max()
                .orElse(1);
    }

    @Override
    public boolean needsSlots() {
        return true;
    }

    @Override
    public SlotMemory slots(ExpertReader reader) {
        DevicePlan own = new DevicePlan("squall-device-uploads", device, graphs.grids(), graphs.ofUploads());
        uploads = own;
        DeviceSlots memory = new DeviceSlots(model, reader, pools, own, graphs.staging(), graphs.target());
        slots = memory;
        compileKernels();
        return memory;
    }

    /** Executes every graph once, while nothing else runs on the device: drivers may fail to compile beside other work. */
    private void compileKernels() {
        List<Runnable> launches = new ArrayList<>();
        if (options.rowsMax() > 1) {
            launches.add(() -> begin(new RowBatch(new int[2], new int[2], new int[2])));
        }
        launches.add(() -> begin(new RowBatch(new int[1], new int[1], new int[1])));
        float[] routerLogits = new float[options.rowsMax() * h.expertCount()];
        for (int pair = 0; pair < options.rowsMax() * a.used; pair++) {
            pools.placeNowhere(pair);
        }
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < h.blockCount(); i++) {
            int layer = i;
            if (seen.add(graphs.attention(layer))) {
                launches.add(() -> attentionBlock(layer, routerLogits));
            }
            if (seen.add(graphs.feedForward(layer))) {
                launches.add(h.isDense(layer) ? () -> denseBlock(layer) : () -> launchExperts(layer));
            }
        }
        int vocabularySize = model.output().matrix().rows();
        float[] logits = new float[vocabularySize];
        launches.add(() -> head(new int[1], logits));
        launches.add(() -> likeliest(new int[1], vocabularySize, logits, new int[1]));
        try {
            for (int done = 0; done < launches.size(); done++) {
                listener.onCompiled(done, launches.size());
                launches.get(done).run();
            }
        } finally {
            listener.onCompiled(launches.size(), launches.size());
        }
    }

    private void launch(int graph, int count) {
        call.set(CallField.ROWS, count);
        plan.launch(graph, count);
    }

    @Override
    public String description() {
        String what =
                TornadoDevices.isTornadoVm() ? "TornadoVM" : "TornadoVM simulator (slow: for tests and debugging)";
        return what + ", " + TornadoDevices.name(device) + ", " + pools.slotCount() + " expert slots";
    }

    @Override
    public BackendOptions options() {
        return options;
    }

    @Override
    public void begin(RowBatch batch) {
        options.check(batch, model.tokenEmbedding().rows());
        rows = batch;
        rotation.begin(batch);
        boolean isOne = batch.size() == 1;
        FloatArray embedded = isOne ? a.embeddedRow : a.embedded;
        FloatArray angles = isOne ? a.anglesOfRow : a.angles;
        int width = h.embeddingLength();
        float[] decoded = new float[width];
        WeightMatrix embedding = model.tokenEmbedding();
        for (int row = 0; row < batch.size(); row++) {
            long at = batch.tokens()[row] * embedding.type().rowBytes(width);
            BlockCodec.decode(embedding.type(), embedding.data(), at, decoded, 0, width);
            for (int i = 0; i < width; i++) {
                embedded.set(row * width + i, decoded[i] * h.scales().embedding());
            }
            int pairs = rotation.pairs();
            for (int pair = 0; pair < pairs; pair++) {
                angles.set((2 * row) * pairs + pair, rotation.cosine(row, pair));
                angles.set((2 * row + 1) * pairs + pair, rotation.sine(row, pair));
            }
        }
        crossedRows = 0;
        plan.call(() -> launch(isOne ? PassGraphs.BEGIN_ROW : PassGraphs.BEGIN, batch.size()));
    }

    @Override
    public void attentionBlock(int layer, float[] routerLogits) {
        LayerWeights layerWeights = model.layers().get(layer);
        boolean hasRouter = layerWeights.feedForward() instanceof MixtureWeights;
        call.attention(layer, layerWeights, rows);
        call.set(CallField.ROW, 0);
        plan.call(() -> launch(graphs.attention(layer), rows.size()));
        crossedRows = 0;
        if (hasRouter) {
            int width = h.embeddingLength();
            for (int i = 0; i < width; i++) {
                a.hidden.set(i, a.crossing.get(i));
            }
            for (int i = 0; i < rows.size() * h.expertCount(); i++) {
                routerLogits[i] = a.crossing.get(width + i);
            }
            crossedRows = 1;
        }
    }

    @Override
    public void expertBlock(LayerRouting routing, ExpertLease lease) {
        int layer = routing.layer();
        DeviceSlots memory = slots;
        if (memory == null) {
            throw new IllegalStateException("no slots on the device yet");
        }
        for (int pair = 0; pair < rows.size() * routing.usedCount(); pair++) {
            int expert = routing.experts()[pair];
            ExpertWeights expertWeights = lease.weights(expert);
            int upsAt = (int) expertWeights.gate().data().byteSize();
            int downsAt = upsAt + (int) expertWeights.up().data().byteSize();
            pools.place(pair, expert, memory.slotOf(layer, expert), upsAt, downsAt);
            a.expertWeights.set(pair, routing.weights()[pair]);
        }
        launchExperts(layer);
    }

    private void launchExperts(int layer) {
        if (!(model.layers().get(layer).feedForward() instanceof MixtureWeights mixture)) {
            throw new IllegalArgumentException("layer " + layer + " is dense, expected one with experts");
        }
        call.mixture(mixture);
        crossedRows = 0;
        plan.call(() -> launch(graphs.feedForward(layer), rows.size()));
    }

    @Override
    public void denseBlock(int layer) {
        if (!(model.layers().get(layer).feedForward() instanceof ExpertWeights network)) {
            throw new IllegalArgumentException("layer " + layer + " has experts, expected a dense one");
        }
        call.network(network);
        crossedRows = 0;
        plan.call(() -> launch(graphs.feedForward(layer), rows.size()));
    }

    @Override
    public void hidden(int row, float[] out, int outOffset) {
        BackendOptions.checkIndex(row, rows.size(), "row");
        int width = h.embeddingLength();
        if (row >= crossedRows) {
            plan.call(() -> plan.read(a.hidden, rows.size() * width));
            crossedRows = rows.size();
        }
        for (int i = 0; i < width; i++) {
            out[outOffset + i] = a.hidden.get(row * width + i);
        }
    }

    @Override
    public void head(int[] batchRows, float[] logits) {
        call.head(model.outputNorm(), model.output());
        int vocabularySize = model.output().matrix().rows();
        for (int i = 0; i < batchRows.length; i++) {
            BackendOptions.checkIndex(batchRows[i], rows.size(), "row");
            call.set(CallField.ROW, batchRows[i]);
            plan.call(() -> launch(PassGraphs.HEAD, 1));
            for (int token = 0; token < vocabularySize; token++) {
                logits[i * vocabularySize + token] =
                        a.logits.get(token) * h.scales().logits();
            }
        }
    }

    @Override
    public void likeliest(int[] batchRows, int vocabularySize, float[] scratch, int[] tokens) {
        call.head(model.outputNorm(), model.output());
        for (int i = 0; i < batchRows.length; i++) {
            BackendOptions.checkIndex(batchRows[i], rows.size(), "row");
            call.set(CallField.ROW, batchRows[i]);
            plan.call(() -> launch(PassGraphs.CHOICE, 1));
            tokens[i] = a.chosen.get(0);
            if (tokens[i] < 0 || tokens[i] >= vocabularySize) {
                throw new IllegalStateException(
                        "no likeliest token: the device's logits are no numbers; see squall doctor"
                                + " --device, or use --device cpu");
            }
        }
    }

    @Override
    public void close() {
        try {
            plan.close();
        } finally {
            if (uploads != null) {
                uploads.close();
            }
        }
    }
}
