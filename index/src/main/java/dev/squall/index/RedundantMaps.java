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

    /** How far the product of projected vectors may be from the similarity. */
    private static final float PROJECTED = 0.1f;

    /** So that equal maps are found to be. */
    private static final float EQUAL = 1 - 1e-6f;

    /** Maps that tell how similar most are. */
    private static final int SAMPLED = 1024;

    /** How many standard deviations of a share of them are allowed for. */
    private static final double DEVIATIONS = 4;

    /** More than any similarity. */
    private static final float NO_MORE = Float.POSITIVE_INFINITY;

    private final List<LeafReader> leaves;
    private final MapShape shape;
    private final boolean isProjected;
    private final LongConsumer progress;
    private final Place[] places;

    /** Where a map is. */
    private record Place(long id, int leaf, int doc) {}

    /** A map that is compared: its vector, the same turned, and the cells where it is looked for. */
    private record Look(float[] vector, float[] turned, int[] cells) {}

    /** What a thread does with some of the maps that are taken together, numbered from 0. */
    @FunctionalInterface
    private interface Task {
        void run(int i, Vectors vectors) throws IOException;
    }

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
        float least = Math.min((float) similarity, EQUAL);
        float close = isProjected ? least - PROJECTED : least;
        List<Long> redundant = new ArrayList<>();
        VectorCells cells = new VectorCells(centres());
        int[] nothing = new int[cells.count()];
        Vectors own = new Vectors();
        for (int from = 0; from < places.length; from += TOGETHER) {
            Look[] looks = new Look[Math.min(TOGETHER, places.length - from)];
            boolean[] isRedundant = new boolean[looks.length];
            int first = from;
            forEach(looks.length, (i, vectors) -> {
                looks[i] = vectors.look(cells, places[first + i]);
                var wanted = new VectorCells.Wanted(nothing, first, close);
                isRedundant[i] = vectors.resembles(first + i, looks[i], cells, wanted, least);
            });
            // Those that stay are compared with each other, too.
            int[] before = cells.fill();
            for (int i = 0; i < looks.length; i++) {
                var wanted = new VectorCells.Wanted(before, from + i, close);
                if (isRedundant[i] || own.resembles(from + i, looks[i], cells, wanted, least)) {
                    redundant.add(places[from + i].id());
                } else {
                    cells.put(looks[i].cells()[0], cells.head(looks[i].turned()), from + i);
                }
            }
            progress.accept(from + looks.length);
        }
        return redundant;
    }

    /** Numbers of so many maps, those that a newer one is most similar to. */
    List<Long> mostResembled(int count) throws IOException {
        VectorCells cells = new VectorCells(centres());
        int[][] cellsOf = new int[places.length][];
        for (int from = 0; from < places.length; from += TOGETHER) {
            short[][] heads = new short[Math.min(TOGETHER, places.length - from)][];
            int first = from;
            forEach(heads.length, (i, vectors) -> {
                float[] turned = cells.turned(vectors.borrow(newest(first + i)));
                heads[i] = cells.head(turned);
                cellsOf[first + i] = cells.nearestCells(turned);
            });
            for (int i = 0; i < heads.length; i++) {
                cells.put(cellsOf[from + i][0], heads[i], from + i);
            }
        }
        Band band = band(cells, cellsOf, (double) count / places.length);
        float[] similarities = similarities(cells, cellsOf, band);
        if (!band.divides(similarities, count)) {
            similarities = similarities(cells, cellsOf, Band.ALL);
        }
        return mostResembled(similarities, count);
    }

    private List<Long> mostResembled(float[] similarities, int count) {
        // Sorted as numbers: the similarity, which is -1 or more, above the rank.
        long[] order = new long[places.length];
        Arrays.setAll(order, rank -> (long) Float.floatToIntBits(similarities[rank] + 2) << Integer.SIZE | rank);
        Arrays.sort(order);
        List<Long> ids = new ArrayList<>();
        for (int i = order.length - count; i < order.length; i++) {
            ids.add(newest((int) order[i]).id());
        }
        return ids;
    }

    /**
     * The similarities between which it is decided which maps go: those of maps beyond need not be known.
     *
     * @param least below are maps that stay
     * @param enough from there on are maps that go
     */
    private record Band(float least, float enough) {
        static final Band ALL = new Band(-1, NO_MORE);

        /** Whether so many go. */
        boolean divides(float[] similarities, int count) {
            int going = 0;
            int notStaying = 0;
            for (float similarity : similarities) {
                going += similarity >= enough ? 1 : 0;
                notStaying += similarity >= least ? 1 : 0;
            }
            return going <= count && notStaying >= count;
        }
    }

    /** As far as some maps from everywhere tell. */
    private Band band(VectorCells cells, int[][] cellsOf, double share) throws IOException {
        if (places.length < SAMPLED * 2) {
            return Band.ALL;
        }
        float[] sample = new float[SAMPLED];
        forEach(SAMPLED, (i, vectors) -> {
            int rank = (int) ((long) places.length * i / SAMPLED);
            sample[i] = vectors.greatest(rank, cells, cellsOf[rank], Band.ALL);
        });
        Arrays.sort(sample);
        double deviations = DEVIATIONS * Math.sqrt(share * (1 - share) / SAMPLED);
        int least = (int) Math.floor((1 - share - deviations) * SAMPLED);
        int enough = (int) Math.ceil((1 - share + deviations) * SAMPLED);
        return new Band(least < 0 ? -1 : sample[least], enough < SAMPLED ? sample[enough] : NO_MORE);
    }

    /**
     * By rank, newest first, the similarity of the newer map that is most similar; only within the band are all of them
     * right.
     */
    private float[] similarities(VectorCells cells, int[][] cellsOf, Band band) throws IOException {
        // Cell by cell: those that are alike are compared with the same ones.
        long[] ranks = new long[places.length];
        Arrays.setAll(ranks, rank -> (long) cellsOf[rank][0] << Integer.SIZE | rank);
        Arrays.sort(ranks);
        float[] similarities = new float[places.length];
        for (int from = 0; from < places.length; from += TOGETHER) {
            int first = from;
            int count = Math.min(TOGETHER, places.length - from);
            forEach(count, (i, vectors) -> {
                int rank = (int) ranks[first + i];
                similarities[rank] = vectors.greatest(rank, cells, cellsOf[rank], band);
            });
            progress.accept(from + count);
        }
        return similarities;
    }

    private Place newest(int rank) {
        return places[places.length - 1 - rank];
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

    /** On all processors. */
    private void forEach(int count, Task task) throws IOException {
        try {
            IntStream.range(0, (count + TAKEN - 1) / TAKEN).parallel().forEach(part -> {
                try {
                    Vectors vectors = new Vectors();
                    for (int i = part * TAKEN; i < Math.min(count, (part + 1) * TAKEN); i++) {
                        task.run(i, vectors);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause() == null ? new IOException(e) : e.getCause();
        }
    }

    /** The vectors of maps, for one thread. */
    private final class Vectors {
        private final @Nullable TrajectoryVectors[] ofLeaves = new TrajectoryVectors[leaves.size()];

        private TrajectoryVectors of(int leaf) throws IOException {
            TrajectoryVectors vectors = ofLeaves[leaf];
            if (vectors == null) {
                vectors = new TrajectoryVectors(leaves.get(leaf));
                ofLeaves[leaf] = vectors;
            }
            return vectors;
        }

        float[] of(Place place) throws IOException {
            return of(place.leaf()).of(place.doc());
        }

        /** Valid until the next is asked for. */
        float[] borrow(Place place) throws IOException {
            return of(place.leaf()).borrow(place.doc());
        }

        private float product(float[] vector, Place other) throws IOException {
            return of(other.leaf()).product(vector, other.doc());
        }

        Look look(VectorCells cells, Place place) throws IOException {
            float[] vector = of(place);
            float[] turned = cells.turned(vector);
            return new Look(vector, turned, cells.nearestCells(turned));
        }

        /**
         * Whether any of those before, in the order of time, is at least so similar; of projected vectors the products tell
         * which may be.
         */
        boolean resembles(int at, Look look, VectorCells cells, VectorCells.Wanted wanted, float least)
                throws IOException {
            boolean[] isFound = {false};
            cells.look(look.turned(), look.cells(), wanted, number -> {
                float product = product(look.vector(), places[number]);
                isFound[0] = isProjected
                        ? product >= wanted.least() && similarity(places[at], places[number]) >= least
                        : product >= least;
                return isFound[0] ? NO_MORE : wanted.least();
            });
            return isFound[0];
        }

        /** The similarity of the most similar of those that are newer, by the vectors. */
        float greatest(int rank, VectorCells cells, int[] in, Band band) throws IOException {
            float[] vector = of(newest(rank));
            float[] greatest = {-1};
            var newer = new VectorCells.Wanted(new int[cells.count()], rank, band.least());
            cells.look(cells.turned(vector), in, newer, number -> {
                greatest[0] = Math.max(greatest[0], product(vector, newest(number)));
                return greatest[0] >= band.enough() ? NO_MORE : greatest[0];
            });
            return greatest[0];
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
