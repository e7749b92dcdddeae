package dev.squall.predict;

import dev.squall.expert.CacheCounters;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Expert maps that remember what came before: a record's first L layers are the map of the sequence's previous pass, its
 * last L layers that of the pass itself. A prefix of it is a pass so far together with the pass before; and what the passes
 * after it used, its {@link Continuation}, tells what follows one like it. Searches are for passes of one row; passes that
 * decode several sequences are learnt, a map for each observed row.
 */
final class ContextMaps {
    private static final int NEIGHBOURS = 8;
    private static final int NEIGHBOURS_OF_EMBEDDING = 32;

    /** Conversations of which the last pass is remembered. */
    private static final int PASTS_MAX = 256;

    /** How much nearer neighbours count for more: weight {@code e^(SHARPNESS · score)}. */
    private static final double SHARPNESS = 40;

    /** What none of the maps found goes on with; 0 stands for what is not known. */
    private static final float NEVER = 1e-4f;

    private final MapShape shape;
    private final ExpertMapStore store;
    /** 2L x J: the previous pass and the running one. */
    private final float[] context;

    /** By observed row L x J: the running pass. */
    private final float[][] running;

    /** By observed row L x J: what the running pass uses, the likeliest experts. */
    private final boolean[][] used;

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
    private final float[] neighbour;
    /** By the number of passes until a use, what it is worth. */
    private final double[] worth = new double[Continuation.PASSES_MAX + 1];

    private CacheCounters counters = CacheCounters.ZERO;
    private Phase phase = Phase.PREFILL;
    private int rowCount;
    private boolean isSingle;
    private boolean hasPrevious;
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
        neighbour = new float[shape.expertCount()];
        running = new float[LayerObservation.ROWS_MAX][shape.probabilityCount()];
        used = new boolean[LayerObservation.ROWS_MAX][shape.probabilityCount()];
        isBest = new boolean[shape.expertCount()];
        pending = new PendingMaps(store);
        embeddings = new float[LayerObservation.ROWS_MAX][shape.embeddingLength()];
    }

    /** A weighted set of maps that were found; empty where nothing is known. */
    final class Mixture {
        private final MapMatches matches;
        private final double[] weights;

        Mixture(MapMatches matches, double[] scores) {
            this.matches = matches;
            weights = new double[scores.length];
            double best = Arrays.stream(scores).max().orElse(0);
            double total = 0;
            for (int i = 0; i < weights.length; i++) {
                weights[i] = Math.exp(SHARPNESS * (scores[i] - best));
                total += weights[i];
            }
            for (int i = 0; i < weights.length; i++) {
                weights[i] /= total;
            }
        }

        /**
         * For each expert of a layer, over what followed the maps found: the share that used it in the pass after.
         *
         * @param out J, out
         */
        void nextUses(int layer, float[] out) {
            discountedUses(layer, 0, out);
        }

        /**
         * For each expert of a layer the mean of {@code discount^(n-1)}, n being the passes until its next use.
         *
         * @param out J, out; zeros if nothing is known
         * @return false if nothing is known
         */
        boolean discountedUses(int layer, float discount, float[] out) {
            Arrays.fill(out, 0);
            for (int passes = 1; passes < worth.length; passes++) {
                worth[passes] = passes == 1 ? 1 : worth[passes - 1] * discount;
            }
            double known = 0;
            for (int i = 0; i < weights.length; i++) {
                byte[] continuation = matches.continuation(i);
                if (Continuation.passes(continuation) == 0) {
                    continue;
                }
                known += weights[i];
                for (int expert = 0; expert < out.length; expert++) {
                    int passes = Continuation.nextUse(continuation, layer * out.length + expert);
                    if (passes > 0) {
                        out[expert] += (float) (weights[i] * worth[passes]);
                    }
                }
            }
            for (int expert = 0; known > 0 && expert < out.length; expert++) {
                out[expert] = Math.max(NEVER, out[expert] / (float) known);
            }
            return known > 0;
        }

        /** The mean distribution of a layer of the pass that is predicted. */
        void distribution(int layer, float[] out) {
            Arrays.fill(out, 0);
            for (int i = 0; i < weights.length; i++) {
                matches.probabilities(i, shape.layerCount() + layer, neighbour, 0);
                for (int expert = 0; expert < neighbour.length; expert++) {
                    out[expert] += (float) (weights[i] * neighbour[expert]);
                }
            }
        }
    }

    /** A pass begins. */
    void onPass(PassObservation pass) {
        pending.noteOutcome(pass.counters().since(counters));
        counters = pass.counters();
        rowCount = pass.rowCount();
        phase = pass.phase();
        isSingle = rowCount == 1;
        layersSeen = 0;
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
        }
    }

    /** Maps of passes with a like embedding after a like pass, before any layer of the pass is known. */
    Mixture likeThisToken() {
        float[] embedding = embeddings[0];
        if (!hasPrevious || store.size() == 0 || isZero(embedding)) {
            return nothing();
        }
        MapMatches matches = store.nearestByEmbedding(embedding, NEIGHBOURS_OF_EMBEDDING);
        double[] scores = new double[matches.count()];
        for (int i = 0; i < scores.length; i++) {
            double cosines = 0;
            for (int layer = 0; layer < shape.layerCount(); layer++) {
                matches.probabilities(i, layer, neighbour, 0);
                cosines += cosine(neighbour, context, layer * shape.expertCount());
            }
            scores[i] = matches.score(i) + cosines / shape.layerCount();
        }
        return new Mixture(matches, scores);
    }

    /** The pass before the running one in the conversation of a row; null if it is not known. */
    private @Nullable Past past(int row) {
        Past past = phase == Phase.DECODE ? pasts.get(conversations[row]) : null;
        return past != null && past.position() == positions[row] - 1 ? past : null;
    }

    /** A layer has been routed. Learns the pass when it was the last one. */
    void onRouted(LayerObservation observed) {
        int n = shape.expertCount();
        int layer = observed.layer();
        for (int row = 0; row < rowCount; row++) {
            System.arraycopy(observed.probabilities(), row * n, running[row], layer * n, n);
            Arrays.fill(used[row], layer * n, (layer + 1) * n, false);
            Best.mark(observed.probabilities(), row * n, n, shape.usedCount(), isBest);
            System.arraycopy(isBest, 0, used[row], layer * n, n);
            Arrays.fill(isBest, false);
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
                MapOrigin origin = new MapOrigin(now, phase, positions[row], conversations[row], 0, 0);
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

    /** Maps of passes that began as the running one, after a like pass. */
    Mixture likeThisPass(int layer) {
        if (!hasPrevious || layersSeen != layer + 1) {
            return nothing();
        }
        return mixture(store.nearestByTrajectory(context, shape.layerCount() + layer + 1, NEIGHBOURS));
    }

    private Mixture mixture(MapMatches matches) {
        double[] scores = new double[matches.count()];
        Arrays.setAll(scores, matches::score);
        return new Mixture(matches, scores);
    }

    /** What is found where nothing is known. */
    Mixture nothing() {
        return new Mixture(NO_MATCHES, new double[0]);
    }

    private static final MapMatches NO_MATCHES = new MapMatches() {
        @Override
        public int count() {
            return 0;
        }

        @Override
        public float score(int i) {
            throw new IndexOutOfBoundsException(i);
        }

        @Override
        public void probabilities(int i, int layer, float[] out, int outOffset) {
            throw new IndexOutOfBoundsException(i);
        }

        @Override
        public byte[] continuation(int i) {
            throw new IndexOutOfBoundsException(i);
        }

        @Override
        public MapOrigin origin(int i) {
            throw new IndexOutOfBoundsException(i);
        }
    };

    private static boolean isZero(float[] vector) {
        return !(MapVectors.length(vector, 0, vector.length) > 0);
    }

    private static double cosine(float[] a, float[] b, int from) {
        double product = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[from + i];
            squaresOfA += (double) a[i] * a[i];
            squaresOfB += (double) b[from + i] * b[from + i];
        }
        return product == 0 ? 0 : product / Math.sqrt(squaresOfA * squaresOfB);
    }
}
