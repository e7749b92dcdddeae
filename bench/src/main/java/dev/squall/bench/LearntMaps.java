package dev.squall.bench;

import dev.squall.predict.ExactMapStore;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.ExpertMapStore;
import dev.squall.predict.LinkModel;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.Pooling;
import dev.squall.predict.PrefetchPolicy;
import dev.squall.predict.RoutingTrace;
import dev.squall.predict.Simulation;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a policy has learnt from some prompts, so that each run of an experiment can begin with it: a store of expert maps
 * that remembers what was put in, and copies of it.
 */
final class LearntMaps implements ExpertMapStore {
    /** The share of the experts that fit and the time of a copy in layers, while a policy learns; they change little. */
    private static final double SHARE = 0.25;

    private static final double LAYER_NANOS = 1e6;

    private final ExactMapStore store;
    private final List<ExpertMap> maps = new ArrayList<>();
    private String kind = "";
    private byte[] weights = {};

    private LearntMaps(MapShape shape, int capacity) {
        store = new ExactMapStore(shape, capacity, PolicyOptions.REDUNDANCY_DISTANCE);
    }

    /** What a policy of that name learns of a recorded trace. */
    static LearntMaps of(PolicyName name, RoutingTrace trace) {
        List<LearntMaps> made = new ArrayList<>();
        PrefetchPolicy policy = name.create(new PolicyName.Parts() {
            @Override
            public MapShape shape() {
                return trace.shape();
            }

            @Override
            public ExpertMapStore store(MapShape mapShape) {
                made.add(new LearntMaps(mapShape, PolicyOptions.mapsMax(name, mapShape)));
                return made.getFirst();
            }

            @Override
            public RoutingTrace trace() {
                throw new IllegalStateException("a policy that learns has no trace");
            }

            @Override
            public int prefetchDistance() {
                return 0;
            }

            @Override
            public Pooling pooling() {
                return Pooling.MEAN;
            }
        });
        int slots = (int) Math.round(SHARE * trace.shape().probabilityCount());
        LinkModel link = new LinkModel(trace.expertBytes()[0] / LAYER_NANOS * 1e9, LAYER_NANOS, 0);
        new Simulation(trace, Math.max(slots, trace.shape().expertCount()), policy, link)
                .run(0, trace.passes().size());
        policy.onEnd();
        return made.getFirst();
    }

    /** Gives another store the same. */
    void copyTo(ExpertMapStore other) {
        maps.forEach(other::add);
        other.keepWeights(kind, out -> out.write(weights));
    }

    @Override
    public MapShape shape() {
        return store.shape();
    }

    @Override
    public long size() {
        return store.size();
    }

    @Override
    public long capacity() {
        return store.capacity();
    }

    @Override
    public long lastConversation() {
        return store.lastConversation();
    }

    @Override
    public void add(ExpertMap map) {
        store.add(map);
        maps.add(map);
    }

    @Override
    public void offer(ExpertMap map) {
        add(map);
    }

    @Override
    public MapMatches nearestByEmbedding(float[] embedding, int k) {
        return store.nearestByEmbedding(embedding, k);
    }

    @Override
    public MapMatches ofEmbedding(float[] embedding, float[] beginning, int considered, int k) {
        return store.ofEmbedding(embedding, beginning, considered, k);
    }

    @Override
    public MapMatches nearestByTrajectory(float[] probabilities, int layers, int k) {
        return store.nearestByTrajectory(probabilities, layers, k);
    }

    @Override
    public void keepWeights(String newKind, WeightsWriter writer) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            writer.write(new DataOutputStream(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        kind = newKind;
        weights = bytes.toByteArray();
    }

    @Override
    public boolean readWeights(String wanted, WeightsReader reader) {
        if (!wanted.equals(kind)) {
            return false;
        }
        try {
            reader.read(new DataInputStream(new ByteArrayInputStream(weights)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return true;
    }

    @Override
    public void commit() {
        // Nothing outlives this store.
    }

    @Override
    public void close() {
        store.close();
    }
}
