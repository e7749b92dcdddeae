package dev.squall.predict;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Expert maps that remember what came before: a record's first L layers are the map of the sequence's previous pass, its
 * last L layers that of the pass itself. A prefix of it is a pass so far together with the pass before; and a query with a
 * running pass as the previous one finds what followed passes like it. Searches are for passes of one row; passes that
 * decode several sequences are learnt, a map for each observed row.
 */
final class ContextMaps {
    private static final int NEIGHBOURS = 8;
    private static final int NEIGHBOURS_OF_EMBEDDING = 32;

    /** Conversations of which the last pass is remembered. */
    private static final int PASTS_MAX = 256;

    /** How much nearer neighbours count for more: weight {@code e^(SHARPNESS · score)}. */
    private static final double SHARPNESS = 40;

    private final MapShape shape;
    private final ExpertMapStore store;
    /** 2L x J: the previous pass and the running one. */
    private final float[] context;
    /** 2L x J: the running pass in the place of the previous one. */
    private final float[] asPrevious;

    /** By observed row L x J: the running pass. */
    private final float[][] running;

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
        asPrevious = new float[context.length];
        neighbour = new float[shape.expertCount()];
        running = new float[LayerObservation.ROWS_MAX][shape.probabilityCount()];
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

    /** A pass begins. Returns the maps of passes with a like embedding after a like pass. */
    Mixture onPass(PassObservation pass) {
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
        }
        if (isSingle) {
            System.arraycopy(running[0], layer * n, context, (shape.layerCount() + layer) * n, n);
            System.arraycopy(running[0], layer * n, asPrevious, layer * n, n);
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
            if (past != null && !isZero(embeddings[row])) {
                float[] both = new float[2 * shape.probabilityCount()];
                System.arraycopy(past.probabilities(), 0, both, 0, shape.probabilityCount());
                System.arraycopy(running[row], 0, both, shape.probabilityCount(), shape.probabilityCount());
                MapOrigin origin = new MapOrigin(now, phase, positions[row], conversations[row], 0, 0);
                store.add(new ExpertMap(embeddings[row].clone(), both, origin));
            }
            // Rows of one conversation come in order, so that the last one stays.
            pasts.put(conversations[row], new Past(positions[row], running[row].clone()));
        }
    }

    /** Maps of passes that began as the running one, after a like pass. */
    Mixture likeThisPass(int layer) {
        if (!hasPrevious || layersSeen != layer + 1) {
            return nothing();
        }
        return mixture(store.nearestByTrajectory(context, shape.layerCount() + layer + 1, NEIGHBOURS));
    }

    /** Maps of passes that came after one that began as the running one. */
    Mixture afterThisPass(int layer) {
        if (!isSingle || layersSeen != layer + 1) {
            return nothing();
        }
        return mixture(store.nearestByTrajectory(asPrevious, layer + 1, NEIGHBOURS));
    }

    private Mixture mixture(MapMatches matches) {
        double[] scores = new double[matches.count()];
        Arrays.setAll(scores, matches::score);
        return new Mixture(matches, scores);
    }

    private Mixture nothing() {
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
