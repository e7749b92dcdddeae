package dev.squall.compute;

import dev.squall.expert.ExpertCacheOptions;
import dev.squall.expert.ExpertLease;
import dev.squall.expert.ExpertReader;
import dev.squall.expert.HostSlots;
import dev.squall.expert.SlotMemory;
import dev.squall.model.ExpertWeights;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LayerWeights;
import dev.squall.model.MixtureWeights;
import dev.squall.model.ModelWeights;
import dev.squall.model.Projection;
import dev.squall.model.RowBatch;
import dev.squall.routing.LayerRouting;

/**
 * Computes on the JVM's own threads. Owns the KV cache, the hidden states and all scratch memory, allocated once.
 *
 * <p>Shapes: R rows, E hidden width, J experts, V vocabulary.
 */
public final class JvmBackend implements ComputeBackend {
    private final Hyperparameters h;
    private final ModelWeights model;
    private final BackendOptions options;
    private final ParallelKernels parallel;
    private final HiddenStates states;
    private final AttentionBlock attention;
    private final ExpertBlock experts;
    private final GatedNetwork denseNetwork;
    /** R x E. */
    private final FloatRows rounded;
    /** R x E. */
    private final FloatRows denseOutput;

    private final boolean computesOnAllProcessors;

    private RowBatch rows = new RowBatch(new int[1], new int[1], new int[1]);

    /**
     * How many sums a sum is taken in before these are added: 4, 8 or 16, the lanes of the processor's vectors.
     *
     * @throws IllegalStateException where Java was started without the Vector API's module
     */
    public static int lanes() {
        requireVectorApi();
        return VectorMath.LANES;
    }

    /**
     * A factory of backends with Vector API kernels. Making one throws {@link IllegalStateException} where Java was started
     * without that module.
     */
    public static BackendFactory vector() {
        return (model, options) -> {
            requireVectorApi();
            return of(model, options, new WarmingKernels(model.blockTypes()));
        };
    }

    /** A factory of backends with the scalar kernels that the fast ones are held against. */
    public static BackendFactory scalar() {
        return (model, options) -> of(model, options, new ScalarKernels());
    }

    private static void requireVectorApi() {
        try {
            Class.forName("jdk.incubator.vector.Vector", false, JvmBackend.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(
                    "the Vector API is missing, expected the module jdk.incubator.vector of a JDK 25: start java with"
                            + " --add-modules jdk.incubator.vector",
                    e);
        }
    }

    private static JvmBackend of(ModelWeights model, BackendOptions options, Kernels kernels) {
        ParallelKernels parallel = new ParallelKernels(kernels, options.threads());
        boolean made = false;
        try {
            JvmBackend backend = new JvmBackend(model, options, parallel);
            made = true;
            return backend;
        } finally {
            if (!made) {
                parallel.close();
            }
        }
    }

    private JvmBackend(ModelWeights model, BackendOptions options, ParallelKernels parallel) {
        this.model = model;
        this.options = options;
        h = model.hyperparameters();
        computesOnAllProcessors = options.threads() >= Runtime.getRuntime().availableProcessors();
        int rowsMax = options.rowsMax();
        int width = h.embeddingLength();
        this.parallel = parallel;
        states = new HiddenStates(h, rowsMax, parallel);
        experts = new ExpertBlock(h, rowsMax, parallel);
        int denseRowsMax = h.denseBlockCount() == 0 ? 0 : rowsMax;
        denseNetwork = new GatedNetwork(denseRowsMax, width, h.denseFeedForwardLength(), parallel);
        denseOutput = FloatRows.of(denseRowsMax, width);
        rounded = FloatRows.roundable(rowsMax, width);
        // Last, as what it has outside the heap stays where a constructor fails after it.
        attention = new AttentionBlock(model, options, parallel);
    }

    @Override
    public String description() {
        int threads = options.threads();
        return "JVM, " + parallel.kernels().description() + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    @Override
    public BackendOptions options() {
        return options;
    }

    @Override
    public boolean needsSlots() {
        return false;
    }

    @Override
    public SlotMemory slots(ExpertReader reader) {
        ExpertCacheOptions size = options.experts();
        if (size == null) {
            throw new IllegalStateException("a backend without an expert cache was asked for slots");
        }
        long slots = size.slots(HostSlots.slotBytes(reader), h.expertCount(), h.expertLayerCount());
        return new HostSlots(reader, Math.toIntExact(slots));
    }

    /** Where all processors compute. A processor that is left over takes a thread of its own without slowing a pass down. */
    @Override
    public boolean sendBeside(Runnable errand) {
        return computesOnAllProcessors && parallel.pool().sendBeside(errand);
    }

    @Override
    public void begin(RowBatch batch) {
        options.check(batch, model.tokenEmbedding().rows());
        rows = batch;
        attention.begin(batch);
        FloatRows hidden = states.hidden();
        for (int row = 0; row < batch.size(); row++) {
            parallel.kernels()
                    .decodeRow(
                            model.tokenEmbedding(),
                            batch.tokens()[row],
                            hidden.values(),
                            hidden.at(row),
                            parallel.tile(0));
            if (h.scales().embedding() != 1) {
                hidden.scaleRow(row, h.scales().embedding());
            }
        }
    }

    @Override
    public void attentionBlock(int layer, float[] routerLogits) {
        attention.run(layer, rows, states);
        LayerWeights weights = model.layers().get(layer);
        states.normalise(weights.feedForwardNorm(), rows.size());
        if (weights.feedForward() instanceof MixtureWeights mixture) {
            FloatRows logits = FloatRows.in(routerLogits, rows.size(), h.expertCount());
            parallel.project(states.normed(), rounded, rows.size(), mixture.router(), logits);
        }
    }

    @Override
    public void hidden(int row, float[] out, int outOffset) {
        BackendOptions.checkIndex(row, rows.size(), "row");
        FloatRows hidden = states.hidden();
        System.arraycopy(hidden.values(), hidden.at(row), out, outOffset, h.embeddingLength());
    }

    @Override
    public void expertBlock(LayerRouting routing, ExpertLease lease) {
        if (!(model.layers().get(routing.layer()).feedForward() instanceof MixtureWeights mixture)) {
            throw new IllegalArgumentException("layer " + routing.layer() + " is dense, expected one with experts");
        }
        experts.run(mixture, routing, lease, states);
    }

    @Override
    public void denseBlock(int layer) {
        if (!(model.layers().get(layer).feedForward() instanceof ExpertWeights network)) {
            throw new IllegalArgumentException("layer " + layer + " has experts, expected a dense one");
        }
        denseNetwork.run(network, states.normed(), denseOutput, rows.size());
        states.add(denseOutput, rows.size());
    }

    @Override
    public void head(int[] batchRows, float[] logits) {
        Projection output = model.output();
        int count = batchRows.length;
        for (int i = 0; i < count; i++) {
            BackendOptions.checkIndex(batchRows[i], rows.size(), "row");
            states.normalise(model.outputNorm(), batchRows[i], i);
        }
        FloatRows out = FloatRows.in(logits, count, output.matrix().rows());
        parallel.project(states.normed(), rounded, count, output, out);
        if (h.scales().logits() != 1) {
            for (int i = 0; i < count; i++) {
                out.scaleRow(i, h.scales().logits());
            }
        }
    }

    @Override
    public void close() {
        parallel.close();
        attention.close();
    }
}
