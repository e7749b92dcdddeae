package dev.squall.index;

import dev.squall.predict.MapShape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.VectorUtil;
import org.jspecify.annotations.Nullable;

/**
 * Finds maps that say what others say, on all processors, by the vectors of their trajectories. The result depends neither
 * on their number nor on how the maps lie in segments.
 */
final class RedundantMaps {
    /** Maps that are compared at once with what was kept before them. */
    private static final int TOGETHER = 4096;

    /** Maps that one thread takes at a time. */
    private static final int TAKEN = 256;

    /** Maps for each of which a cell would not pay. */
    private static final int CELL_MAPS_LEAST = 64;

    private static final int CELLS_MAX = 320;

    /** How far a product of halves, or of projected vectors, may be from the similarity. */
    private static final float ROUNDING = 0.002f;

    private static final float PROJECTED = 0.1f;

    /** Candidates whose similarity is found exactly, where that of their vectors is not. */
    private static final int PROJECTED_CANDIDATES = 8;

    /** So that equal maps are found to be. */
    private static final float EQUAL = 1 - 1e-6f;

    private final List<LeafReader> leaves;
    private final MapShape shape;
    private final boolean isProjected;
    private final LongConsumer progress;
    private final Place[] places;

    /** Where a map is. */
    private record Place(long id, int leaf, int doc) {}

    /** What was found of a map before those that are compared together with it were kept. */
    private record Look(float[] vector, int[] cells, VectorCells.Match match) {}

    /** @param progress hears how many maps have been compared */
    RedundantMaps(List<LeafReader> leaves, MapShape shape, LongConsumer progress) throws IOException {
        this.leaves = leaves;
        this.shape = shape;
        this.progress = progress;
        isProjected = new Projection(shape.layerCount(), shape.expertCount()).dimensions() < shape.probabilityCount();
        List<Place> all = new ArrayList<>();
        for (int leaf = 0; leaf < leaves.size(); leaf++) {
            LeafReader reader = leaves.get(leaf);
            Bits live = reader.getLiveDocs();
            MapColumns columns = new MapColumns(reader, shape);
            for (int doc = 0; doc < reader.maxDoc(); doc++) {
                if (live == null || live.get(doc)) {
                    all.add(new Place(columns.id(doc), leaf, doc));
                }
            }
        }
        places = all.toArray(Place[]::new);
        Arrays.sort(places, Comparator.comparingLong(Place::id));
    }

    /**
     * Numbers of maps that an older one, which stays, is at least so similar to, rising.
     *
     * @param similarity mean cosine of the layers
     */
    List<Long> resembling(double similarity) throws IOException {
        List<Long> redundant = new ArrayList<>();
        float least = Math.min((float) similarity, EQUAL);
        walk(false, least, (at, match, keep) -> {
            if (match.similarity() >= least) {
                redundant.add(places[at].id());
            } else {
                keep.run();
            }
        });
        return redundant;
    }

    /** Numbers of so many maps, those that a newer one is most similar to. */
    List<Long> mostResembled(int count) throws IOException {
        float[] similarities = new float[places.length];
        walk(true, Float.POSITIVE_INFINITY, (at, match, keep) -> {
            similarities[at] = match.similarity();
            keep.run();
        });
        return IntStream.range(0, places.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer at) -> -similarities[at])
                        .thenComparing(Comparator.naturalOrder()))
                .limit(count)
                .map(at -> places[at].id())
                .toList();
    }

    /** Decides about one map after the other, in the order of their numbers. */
    @FunctionalInterface
    private interface Decision {
        /**
         * @param match the most similar of those kept before
         * @param keep has later maps be compared with this one
         */
        void take(int at, VectorCells.Match match, Runnable keep);
    }

    /** @param least the similarity beside which those of matches are to be exact */
    private void walk(boolean isFalling, float least, Decision decision) throws IOException {
        if (places.length == 0) {
            return;
        }
        VectorCells cells = new VectorCells(centres());
        Vectors vectors = new Vectors();
        for (int from = 0; from < places.length; from += TOGETHER) {
            int[] before = cells.fill();
            Look[] looks = look(cells, isFalling, least, from, Math.min(TOGETHER, places.length - from));
            for (int i = 0; i < looks.length; i++) {
                Look look = looks[i];
                int at = at(isFalling, from + i);
                VectorCells.Match match = look.match();
                if (match.similarity() < least) {
                    VectorCells.Match since = vectors.best(at, look.vector(), cells, look.cells(), before, least);
                    match = since.similarity() > match.similarity() ? since : match;
                }
                decision.take(at, match, () -> cells.put(look.cells()[0], look.vector(), at));
            }
            progress.accept(from + looks.length);
        }
    }

    private int at(boolean isFalling, int step) {
        return isFalling ? places.length - 1 - step : step;
    }

    /** Maps from everywhere in the order of time. */
    private float[][] centres() throws IOException {
        int count = Math.clamp(places.length / CELL_MAPS_LEAST, 1, CELLS_MAX);
        float[][] centres = new float[count][];
        Vectors vectors = new Vectors();
        for (int i = 0; i < count; i++) {
            centres[i] = vectors.of(places[(int) ((long) places.length * i / count)]);
        }
        return centres;
    }

    private Look[] look(VectorCells cells, boolean isFalling, float least, int from, int count) throws IOException {
        Look[] looks = new Look[count];
        int[] nothing = new int[cells.count()];
        try {
            IntStream.range(0, (count + TAKEN - 1) / TAKEN).parallel().forEach(part -> {
                try {
                    Vectors vectors = new Vectors();
                    for (int i = part * TAKEN; i < Math.min(count, (part + 1) * TAKEN); i++) {
                        int at = at(isFalling, from + i);
                        float[] vector = vectors.of(places[at]);
                        int[] nearest = cells.nearestCells(vector);
                        looks[i] = new Look(vector, nearest, vectors.best(at, vector, cells, nearest, nothing, least));
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause() == null ? new IOException(e) : e.getCause();
        }
        return looks;
    }

    /** The vectors of maps, for one thread. */
    private final class Vectors {
        private final @Nullable TrajectoryVectors[] ofLeaves = new TrajectoryVectors[leaves.size()];

        float[] of(Place place) throws IOException {
            TrajectoryVectors vectors = ofLeaves[place.leaf()];
            if (vectors == null) {
                vectors = new TrajectoryVectors(leaves.get(place.leaf()));
                ofLeaves[place.leaf()] = vectors;
            }
            return vectors.of(place.doc());
        }

        /**
         * The most similar map in some cells, with the very similarity where that may be on the other side of
         * {@code least}.
         */
        VectorCells.Match best(int at, float[] vector, VectorCells cells, int[] in, int[] after, float least)
                throws IOException {
            VectorCells.Match best = VectorCells.Match.NONE;
            for (VectorCells.Match match : cells.best(vector, in, after, isProjected ? PROJECTED_CANDIDATES : 1)) {
                VectorCells.Match exact = exact(at, vector, match, least);
                best = exact.similarity() > best.similarity() ? exact : best;
            }
            return best;
        }

        private VectorCells.Match exact(int at, float[] vector, VectorCells.Match match, float least)
                throws IOException {
            if (match.number() < 0 || match.similarity() < least - (isProjected ? PROJECTED : ROUNDING)) {
                return match;
            }
            Place other = places[match.number()];
            float similarity = isProjected ? similarity(places[at], other) : VectorUtil.dotProduct(vector, of(other));
            return new VectorCells.Match(match.number(), similarity);
        }
    }

    /** The mean cosine of two maps' layers. */
    private float similarity(Place a, Place b) throws IOException {
        float[] probabilities = new float[shape.probabilityCount()];
        BytesRef first = halves(a);
        HalfFloats.decode(first.bytes, first.offset, 0, probabilities.length, probabilities, 0);
        return MapQuery.ofTrajectory(shape, probabilities, shape.layerCount()).score(new BytesRef(), halves(b));
    }

    private BytesRef halves(Place place) throws IOException {
        return MapDocuments.halves(
                DocValues.getBinary(leaves.get(place.leaf()), MapDocuments.PROBABILITIES),
                MapDocuments.PROBABILITIES,
                place.doc(),
                shape.probabilityCount());
    }
}
