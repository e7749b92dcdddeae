package dev.squall.predict;

import dev.squall.expert.CacheCounters;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Expert maps that remember what came before: a record's first L layers are the map of the sequence's previous pass, its
 * last L layers that of the pass itself. A prefix of it is a pass so far together with the pass before; and what the passes
 * after it used, its {@link Continuation}, tells what follows one like it. Searches are for passes of one row; of
 * passes that decode several sequences a map for each is learnt that is observed, whether others' prompts share the
 * pass or not.
 */
final class ContextMaps {
    /** Conversations of which the last pass is remembered. */
    private static final int PASTS_MAX = 256;

    /** What is read to find the maps of a token whose pass before was like this one's: a bit an expert. */
    private static final long CONSIDERED_BYTES = 128 << 10;

    private static final int CONSIDERED_MIN = 128;
    private static final int CONSIDERED_MAX = 1024;

    /** Maps of other tokens that are looked at where there is none of the same: a graph takes long to find more. */
    private static final int OF_OTHER_TOKENS = 32;

    private final MapShape shape;
    private final ExpertMapStore store;
    /** 2L x J: the previous pass and the running one. */
    private final float[] context;
    /** L x J: the previous pass, where there is one. */
    private float[] previous = {};

    /** By observed row L x J: the running pass. */
    private final float[][] running;

    /** By observed row L x the number of experts that a row uses: what the running pass uses, the likeliest experts. */
    private final int[][] used;

    /** Maps of a token whose experts are compared with those of the pass before. */
    private final int considered;

    private final boolean[] isBest;
    private final PendingMaps pending;
    private final float[][] embeddings;
    private final int[] positions = new int[LayerObservation.ROWS_MAX];
    private final long[] conversations = new long[LayerObservation.ROWS_MAX];
    private final Map<Long, Past> pasts = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Past> eldest) {
            return size() > PASTS_MAX;
        }
    };
    private final MapCandidates candidates;
    /** For maps of other tokens, under way. */
    private @Nullable Future<MapMatches> search;

    private CacheCounters counters = CacheCounters.ZERO;
    private int rowCount;
    private boolean isSingle;
    private boolean hasPrevious;
    private boolean isSought;
    private int layersSeen;

    /**
     * The last pass of a conversation.
     *
     * @param position of its token
     * @param probabilities L x J
     */
    private record Past(int position, float[] probabilities) {}

    /** The shape of the store's maps for a model of that shape. */
    static MapShape storeShape(MapShape shape) {
        return new MapShape(
                Math.multiplyExact(2, shape.layerCount()),
                shape.expertCount(),
                shape.usedCount(),
                shape.embeddingLength());
    }

    /** @param store of maps of {@link #storeShape} */
    ContextMaps(MapShape shape, ExpertMapStore store) {
        this.shape = shape;
        this.store = store;
        context = new float[2 * shape.probabilityCount()];
        candidates = new MapCandidates(shape);
        considered = Math.clamp(
                CONSIDERED_BYTES * Byte.SIZE / store.shape().probabilityCount(), CONSIDERED_MIN, CONSIDERED_MAX);
        running = new float[LayerObservation.ROWS_MAX][shape.probabilityCount()];
        used = new int[LayerObservation.ROWS_MAX][shape.layerCount() * shape.usedCount()];
        isBest = new boolean[shape.expertCount()];
        pending = new PendingMaps(store);
        embeddings = new float[LayerObservation.ROWS_MAX][shape.embeddingLength()];
    }

    /** A pass begins. */
    void onPass(PassObservation pass) {
        pending.noteOutcome(pass.counters().since(counters));
        counters = pass.counters();
        rowCount = pass.rowCount();
        isSingle = rowCount == 1;
        layersSeen = 0;
        candidates.clear();
        search = null;
        isSought = false;
        for (int row = 0; row < rowCount; row++) {
            positions[row] = pass.positions()[row];
            conversations[row] = pass.conversations()[row];
            System.arraycopy(
                    pass.embeddings(), row * shape.embeddingLength(), embeddings[row], 0, shape.embeddingLength());
        }
        Past past = past(0);
        hasPrevious = isSingle && past != null;
        if (past != null) {
            System.arraycopy(past.probabilities(), 0, context, 0, shape.probabilityCount());
            previous = past.probabilities();
        }
    }

    /**
     * Looks for maps of the same token after a like pass; of the tokens with the nearest embeddings where there is none of
     * it, which serve from the layer on at which the search for them has ended.
     */
    private void seek(int candidateCount, BooleanSupplier maySearch) {
        float[] embedding = embeddings[0];
        if (store.size() == 0 || isZero(embedding)) {
            return;
        }
        MapMatches ofToken = store.ofEmbedding(embedding, previous, considered, candidateCount);
        if (ofToken.count() > 0) {
            candidates.begin(ofToken, context);
        } else if (maySearch.getAsBoolean()) {
            search = store.searchByEmbedding(embedding.clone(), Math.min(candidateCount, OF_OTHER_TOKENS));
        }
    }

    /** Goes on with what a search has found, if it has ended by now. */
    private void takeFound() {
        Future<MapMatches> ended = search;
        if (ended == null || !ended.isDone()) {
            return;
        }
        search = null;
        if (ended.state() == Future.State.FAILED) {
            throw ended.exceptionNow() instanceof RuntimeException failed
                    ? failed
                    : new IllegalStateException(ended.exceptionNow());
        }
        candidates.begin(ended.resultNow(), context);
    }

    /**
     * The pass before the running one in the conversation of a row that goes on by this row alone; null if it is not
     * known.
     */
    private @Nullable Past past(int row) {
        boolean isAlone = (row == 0 || conversations[row - 1] != conversations[row])
                && (row == rowCount - 1 || conversations[row + 1] != conversations[row]);
        Past past = isAlone ? pasts.get(conversations[row]) : null;
        return past != null && past.position() == positions[row] - 1 ? past : null;
    }

    /** A layer has been routed. Learns the pass when it was the last one. */
    void onRouted(LayerObservation observed) {
        int n = shape.expertCount();
        int layer = observed.layer();
        for (int row = 0; row < rowCount; row++) {
            System.arraycopy(observed.probabilities(), row * n, running[row], layer * n, n);
            Best.mark(observed.probabilities(), row * n, n, shape.usedCount(), isBest);
            int at = layer * shape.usedCount();
            for (int expert = 0; expert < n; expert++) {
                if (isBest[expert]) {
                    used[row][at++] = layer * n + expert;
                    isBest[expert] = false;
                }
            }
        }
        if (isSingle) {
            System.arraycopy(running[0], layer * n, context, (shape.layerCount() + layer) * n, n);
        }
        layersSeen++;
        if (layer == shape.layerCount() - 1 && layersSeen == shape.layerCount()) {
            learn();
        }
    }

    private void learn() {
        long now = System.currentTimeMillis();
        for (int row = 0; row < rowCount; row++) {
            Past past = past(row);
            pending.onPass(conversations[row], positions[row], used[row]);
            if (past != null && !isZero(embeddings[row])) {
                float[] both = new float[2 * shape.probabilityCount()];
                System.arraycopy(past.probabilities(), 0, both, 0, shape.probabilityCount());
                System.arraycopy(running[row], 0, both, shape.probabilityCount(), shape.probabilityCount());
                MapOrigin origin = new MapOrigin(now, Phase.DECODE, positions[row], conversations[row], 0, 0);
                pending.add(
                        conversations[row],
                        new ExpertMap(embeddings[row].clone(), both, Continuation.begin(shape), origin));
            }
            // Rows of one conversation come in order, so that the last one stays.
            pasts.put(conversations[row], new Past(positions[row], running[row].clone()));
        }
    }

    /** Nothing follows: gives the store what is held back. */
    void settle() {
        pending.settleAll();
    }

    /**
     * Of the maps of the pass's token those that went on as it has so far. They are looked for when they are first
     * asked for.
     *
     * @param candidateCount maps of which those that the pass is like are chosen as its layers become known
     * @param maySearch asked whether other tokens may be searched for now, when that is due
     */
    MapMixture likeThisPass(int layer, int candidateCount, BooleanSupplier maySearch) {
        if (!hasPrevious || layersSeen != layer + 1) {
            return candidates.none();
        }
        if (!isSought) {
            isSought = true;
            seek(candidateCount, maySearch);
        }
        takeFound();
        candidates.observe(layer, context);
        return candidates.nearest();
    }

    /** What is found where nothing is known. */
    MapMixture nothing() {
        return candidates.none();
    }

    private static boolean isZero(float[] vector) {
        return !(MapVectors.length(vector, 0, vector.length) > 0);
    }
}
