package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MapIndexWriterTest {
    private static final MapShape SHAPE = new MapShape(4, 16, 2, 32);
    private static final MapIndex INDEX = new MapIndex("model", SHAPE);
    private static final int MANY = 3000;

    private final MadeUpMaps maps = new MadeUpMaps(SHAPE, 20, 1);

    @TempDir
    private Path folder;

    /** An index of maps {@code from} to {@code to - 1}. */
    private Path learnt(String name, int from, int to) {
        Path learnt = folder.resolve(name);
        try (LuceneExpertMapStore store = LuceneExpertMapStore.open(learnt, SHAPE, "model", 100_000, 2)) {
            for (int i = from; i < to; i++) {
                store.add(maps.map(i));
            }
        }
        return learnt;
    }

    private static MapIndexWriter.Added merge(Path into, Path source) throws IOException {
        try (MapIndexWriter writer = MapIndexWriter.open(into, INDEX);
                MapIndexReader reader = MapIndexReader.open(source)) {
            MapIndexWriter.Added added = writer.addAll(reader, Integer.MAX_VALUE, compared -> {});
            writer.commit();
            return added;
        }
    }

    @Test
    void takesOverGraphsAsTheyAre() throws IOException {
        Path source = learnt("source", 0, MANY);
        MadeUpMaps.join(source);
        Path into = folder.resolve("into");
        assertThat(merge(into, source)).isEqualTo(new MapIndexWriter.Added(MANY, 0, 0));
        try (MapIndexReader before = MapIndexReader.open(source);
                MapIndexReader after = MapIndexReader.open(into)) {
            for (boolean ofTrajectories : new boolean[] {true, false}) {
                assertThat(withoutSegment(after.graphs(ofTrajectories)))
                        .isNotEmpty()
                        .containsExactlyInAnyOrderElementsOf(withoutSegment(before.graphs(ofTrajectories)));
            }
            for (int i = 0; i < MANY; i += 100) {
                assertThat(after.nearestByTrajectory(maps.map(i).probabilities(), 4, 1, 32)
                                .origin(0))
                        .isEqualTo(maps.map(i).origin());
            }
        }
        assertThat(MapIndexCheck.run(into, "model", done -> {})).isEmpty();
    }

    private static List<String> withoutSegment(List<MapIndexReader.Graph> graphs) {
        return graphs.stream()
                .map(graph -> graph.levels() + " " + graph.nodesByDegree() + " " + graph.reachable())
                .toList();
    }

    @Test
    void numbersMapsAndConversationsOn() throws IOException {
        Path into = learnt("into", 0, 350);
        assertThat(merge(into, learnt("source", 1000, 1250))).isEqualTo(new MapIndexWriter.Added(250, 0, 0));
        Map<Long, StoredMap> found = new HashMap<>();
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            reader.forEach(map -> found.put(map.id(), map));
            assertThat(found.keySet())
                    .containsExactlyInAnyOrderElementsOf(
                            IntStream.range(0, 600).mapToObj(i -> (long) i).toList());
            for (int i = 0; i < 250; i++) {
                Optional<StoredMap> byTerm = reader.find(350 + i);
                assertThat(byTerm).as("map %d", i).isPresent();
                assertThat(byTerm.get().origin())
                        .isEqualTo(maps.map(1000 + i)
                                .origin()
                                .withConversation(
                                        3 + maps.map(1000 + i).origin().conversation()));
                assertThat(byTerm.get().continuation())
                        .isEqualTo(maps.map(1000 + i).continuation());
            }
        }
        try (LuceneExpertMapStore store = LuceneExpertMapStore.open(into, SHAPE, "model", 100_000, 2)) {
            assertThat(store.lastConversation()).isEqualTo(3 + 12);
            store.add(maps.map(5000));
            assertThat(store.nearestByTrajectory(maps.map(1100).probabilities(), 4, 1)
                            .score(0))
                    .isGreaterThan(0.999f);
        }
    }

    @Test
    void addsNoMapTwice() throws IOException {
        Path into = learnt("into", 0, 200);
        Path source = learnt("source", 150, 300);
        assertThat(merge(into, source)).isEqualTo(new MapIndexWriter.Added(100, 50, 0));
        assertThat(merge(into, source)).isEqualTo(new MapIndexWriter.Added(0, 150, 0));
        assertThat(merge(into, into)).isEqualTo(new MapIndexWriter.Added(0, 300, 0));
        try (MapIndexWriter writer = MapIndexWriter.open(into, INDEX)) {
            assertThat(writer.add(0, maps.map(299))).isFalse();
            assertThat(writer.add(1, maps.map(300))).isTrue();
            assertThat(writer.size()).isEqualTo(301);
            writer.commit();
        }
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            assertThat(reader.maps()).isEqualTo(301);
            assertThat(reader.find(301)).isPresent();
        }
    }

    /** An index of that many maps, added one by one, and tidied or not. */
    private Path added(String name, int count, boolean isTidied) {
        Path into = folder.resolve(name);
        try (MapIndexWriter writer = MapIndexWriter.open(into, INDEX)) {
            for (int i = 0; i < count; i++) {
                writer.add(i, maps.map(i));
            }
            writer.commit();
            if (isTidied) {
                List<Long> heard = new ArrayList<>();
                writer.tidy(heard::add, heard::add);
                assertThat(heard).containsExactly((long) count, (long) count);
                writer.tidy(heard::add, heard::add);
                assertThat(heard).hasSize(2);
            }
        }
        return into;
    }

    private static List<Boolean> lackingGraphs(Path index) throws IOException {
        try (MapIndexReader reader = MapIndexReader.open(index)) {
            return reader.segments().stream()
                    .map(MapIndexReader.Segment::lacksGraph)
                    .toList();
        }
    }

    private void requireAllFound(Path index) throws IOException {
        try (MapIndexReader reader = MapIndexReader.open(index)) {
            for (int i = 0; i < MANY; i += 100) {
                assertThat(reader.nearestByTrajectory(maps.map(i).probabilities(), 4, 1, 32)
                                .origin(0))
                        .isEqualTo(maps.map(i).origin());
            }
        }
    }

    @Test
    void findsNewMapsBeforeTheyHaveGraphsAndAfterwards() throws IOException {
        Path untidied = added("untidied", MANY, false);
        assertThat(lackingGraphs(untidied)).containsExactly(true);
        requireAllFound(untidied);
        assertThat(MapIndexCheck.run(untidied, "model", done -> {}))
                .singleElement()
                .satisfies(finding -> assertThat(finding.isDamage()).isFalse())
                .extracting(MapIndexCheck.Finding::text)
                .asString()
                .isEqualTo("3000 maps have no graphs yet (segment _0): searches compare them one by one");

        Path tidied = added("tidied", MANY, true);
        assertThat(lackingGraphs(tidied)).containsExactly(false);
        requireAllFound(tidied);
        try (MapIndexReader reader = MapIndexReader.open(tidied)) {
            assertThat(reader.graphs(true)).hasSize(1);
            assertThat(reader.graphs(false)).hasSize(1);
        }
        assertThat(MapIndexCheck.run(tidied, "model", done -> {})).isEmpty();
    }

    @Test
    void leavesGraphsToWhateverWritesNext() throws Exception {
        Path withWriter = added("withWriter", MANY, false);
        try (MapIndexWriter writer = MapIndexWriter.open(withWriter, INDEX)) {
            writer.tidy(maps -> {}, done -> {});
        }
        assertThat(lackingGraphs(withWriter)).containsExactly(false);

        Path withStore = added("withStore", MANY, false);
        try (LuceneExpertMapStore store = LuceneExpertMapStore.open(withStore, SHAPE, "model", 100_000, 2)) {
            for (int tries = 0; tries < 600 && lackingGraphs(withStore).contains(true); tries++) {
                Thread.sleep(100);
                store.commit();
            }
        }
        assertThat(lackingGraphs(withStore)).doesNotContain(true);
        requireAllFound(withStore);
    }

    @Test
    void takesNoGraphToBeMissingWhereLuceneMakesNone() throws IOException {
        for (int count : new int[] {1, 2, 300, 600}) {
            Path small = added("small" + count, count, false);
            assertThat(lackingGraphs(small)).containsExactly(false);
            assertThat(MapIndexCheck.run(small, "model", done -> {})).isEmpty();
        }
    }

    @Test
    void givesBackTheRoomOfRemovedMapsWhenTold() throws IOException {
        int many = 2 * MANY;
        Path into = added("into", many, true);
        List<Long> half = IntStream.range(0, many / 2).mapToObj(i -> 2L * i).toList();
        try (MapIndexWriter writer = MapIndexWriter.open(into, INDEX)) {
            writer.remove(half);
            assertThat(writer.size()).isEqualTo(many / 2);
            writer.commit();
            try (MapIndexReader reader = MapIndexReader.open(into)) {
                assertThat(reader.maps()).isEqualTo(many / 2);
                assertThat(reader.segments().getFirst().replaced()).isEqualTo(many / 2);
                assertThat(reader.find(0)).isEmpty();
                assertThat(reader.find(1)).isPresent();
            }
            writer.tidy(maps -> {}, done -> {});
        }
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            assertThat(reader.maps()).isEqualTo(many / 2);
            assertThat(reader.segments())
                    .allSatisfy(segment -> assertThat(segment.replaced()).isZero());
            assertThat(reader.graphs(true)).isNotEmpty().allSatisfy(graph -> assertThat(graph.reachable())
                    .isEqualTo(graph.nodes()));
        }
        assertThat(lackingGraphs(into)).doesNotContain(true);
    }

    @Test
    void leavesNoTraceOfWhatWasNotCommitted() throws IOException {
        Path into = learnt("into", 0, 50);
        Path fresh = folder.resolve("fresh");
        for (Path index : List.of(into, fresh)) {
            try (MapIndexWriter writer = MapIndexWriter.open(index, INDEX)) {
                for (int i = 0; i < 200; i++) {
                    writer.add(i, maps.map(100 + i));
                }
            }
        }
        assertThat(fresh).doesNotExist();
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            assertThat(reader.maps()).isEqualTo(50);
        }
        assertThatThrownBy(() -> MapIndexWriter.open(into, new MapIndex("other", SHAPE)))
                .isInstanceOf(MapIndexException.class)
                .hasMessageContaining("learnt with another model");
    }

    @Test
    void writesWhatIsMoreThanItHoldsAtOnce() throws IOException {
        MapShape large = new MapShape(48, 128, 8, 2048);
        int count = 13_000;
        Path into = folder.resolve("into");
        PackedMap map = PackedMap.of(large, new MadeUpMaps(large, 1, 1).map(1));
        try (MapIndexWriter writer = MapIndexWriter.open(into, new MapIndex("model", large))) {
            for (int i = 0; i < count; i += 100) {
                assertThat(writer.add(i, Collections.nCopies(100, map))).isEqualTo(100);
            }
            assertThat(writer.size()).isEqualTo(count);
            writer.commit();
        }
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            assertThat(reader.maps()).isEqualTo(count);
            assertThat(reader.segments()).hasSizeGreaterThan(1);
            Set<Long> ids = new HashSet<>();
            reader.forEachOrigin((id, origin) -> ids.add(id));
            assertThat(ids).hasSize(count).contains(0L, count - 1L);
            assertThat(reader.find(count - 1).orElseThrow().probabilities())
                    .isEqualTo(map.unpacked().probabilities());
        }
    }

    @Test
    void thinsToItsCapacityByWhatNewerMapsResemble() throws IOException {
        Path into = folder.resolve("into");
        List<Long> compared = new ArrayList<>();
        try (MapIndexWriter writer = MapIndexWriter.open(into, INDEX)) {
            for (int i = 0; i < 400; i++) {
                writer.add(i, maps.map(i));
            }
            for (int i = 0; i < 100; i++) {
                writer.add(400 + i, again(maps.map(3L * i), i));
            }
            assertThat(writer.thinTo(400, compared::add)).isEqualTo(100);
            assertThat(writer.thinTo(400, compared::add)).isZero();
            assertThat(writer.size()).isEqualTo(400);
            writer.commit();
        }
        assertThat(compared).last().isEqualTo(500L);
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            List<Long> left = new ArrayList<>();
            reader.forEachOrigin((id, origin) -> left.add(id));
            assertThat(left)
                    .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 500)
                            .filter(i -> i >= 300 || i % 3 != 0)
                            .mapToObj(i -> (long) i)
                            .toList());
        }
    }

    @Test
    void mergesNoMoreThanItsCapacity() throws IOException {
        Path into = learnt("into", 0, 200);
        Path source = folder.resolve("source");
        try (LuceneExpertMapStore store = LuceneExpertMapStore.open(source, SHAPE, "model", 1000, 2)) {
            for (int i = 0; i < 200; i++) {
                // The second half of those that are there already, as seen a little later; then new ones.
                store.add(i < 100 ? again(maps.map(100 + i), i) : maps.map(1000 + i));
            }
        }
        try (MapIndexWriter writer = MapIndexWriter.open(into, INDEX);
                MapIndexReader reader = MapIndexReader.open(source)) {
            assertThat(writer.addAll(reader, 300, compared -> {})).isEqualTo(new MapIndexWriter.Added(200, 0, 100));
            assertThat(writer.size()).isEqualTo(300);
            writer.commit();
            writer.tidy(maps -> {}, done -> {});
        }
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            List<Long> left = new ArrayList<>();
            reader.forEachOrigin((id, origin) -> left.add(id));
            assertThat(left)
                    .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 400)
                            .filter(i -> i < 100 || i >= 200)
                            .mapToObj(i -> (long) i)
                            .toList());
        }
        assertThat(lackingGraphs(into)).doesNotContain(true);
    }

    @Test
    void makesGraphsAfterwardsOfSegmentsThatLoseMapsOnTheWay() throws IOException {
        Path into = folder.resolve("into");
        int many = 2 * MANY;
        int kept = many * 3 / 4;
        try (MapIndexWriter writer = MapIndexWriter.open(into, INDEX);
                MapIndexReader reader = MapIndexReader.open(learnt("source", 0, many))) {
            assertThat(writer.addAll(reader, kept, compared -> {}).replaced()).isEqualTo(many - kept);
            writer.commit();
            assertThat(lackingGraphs(into)).contains(true);
            writer.tidy(maps -> {}, done -> {});
        }
        assertThat(lackingGraphs(into)).doesNotContain(true);
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            assertThat(reader.maps()).isEqualTo(kept);
        }
    }

    /** The same map, seen once more. */
    private static ExpertMap again(ExpertMap map, int i) {
        float[] nearly = map.probabilities().clone();
        nearly[0] *= 1.001f;
        return new ExpertMap(map.embedding(), nearly, map.origin().withConversation(1000 + i));
    }

    @Test
    void findsAlmostAllMapsThatAnOlderOneResembles() throws IOException {
        for (MapShape shape : List.of(SHAPE, new MapShape(20, 64, 4, 64))) {
            MadeUpMaps made = new MadeUpMaps(shape, 200, 3);
            // Tokens stray far from their topics here, and the vectors of the larger maps are projected.
            double least = shape.equals(SHAPE) ? 0.9 : 0.8;
            Path into = folder.resolve("of" + shape.layerCount());
            List<float[]> all = new ArrayList<>();
            try (LuceneExpertMapStore store = LuceneExpertMapStore.open(into, shape, "model", 100_000, 2)) {
                for (int i = 0; i < MANY; i++) {
                    all.add(made.map(i).probabilities());
                    store.add(made.map(i));
                }
            }
            try (MapIndexReader reader = MapIndexReader.open(into)) {
                for (double similarity : new double[] {0.8, 0.9}) {
                    List<Long> expected = byComparingAll(all, shape, similarity);
                    List<Long> found = MapPruning.redundant(reader, similarity, done -> {});
                    assertThat(found).doesNotHaveDuplicates().isSorted();
                    assertThat(found.size())
                            .as("%s, %s: %d of %d", shape, similarity, found.size(), expected.size())
                            .isBetween((int) (least * expected.size()), (int) (1.01 * expected.size()) + 1);
                }
                assertThat(MapPruning.redundant(reader, 1, done -> {})).isEmpty();
            }
        }
    }

    @Test
    void thinsManyMapsAsComparingAllWould() throws IOException {
        int kept = 2000;
        Path into = folder.resolve("into");
        MadeUpMaps made = new MadeUpMaps(SHAPE, 400, 5);
        List<float[]> all = new ArrayList<>();
        try (MapIndexWriter writer = MapIndexWriter.open(into, INDEX)) {
            for (int i = 0; i < MANY; i++) {
                all.add(made.map(i).probabilities());
                writer.add(i, made.map(i));
            }
            assertThat(writer.thinTo(kept, compared -> {})).isEqualTo(MANY - kept);
            writer.commit();
        }
        double[] greatest = new double[MANY];
        for (int i = 0; i < MANY; i++) {
            for (int newer = i + 1; newer < MANY; newer++) {
                greatest[i] = Math.max(greatest[i], cosine(all.get(i), all.get(newer), SHAPE));
            }
        }
        double divide = Arrays.stream(greatest).sorted().toArray()[kept];
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            assertThat(reader.maps()).isEqualTo(kept);
            List<Long> wrong = new ArrayList<>();
            reader.forEachOrigin((id, origin) -> {
                if (greatest[(int) (long) id] > divide) {
                    wrong.add(id);
                }
            });
            // Tokens stray far from their topics here, and some likes are in cells where nobody looks.
            assertThat(wrong)
                    .as("kept, although more alike than those that went")
                    .hasSizeLessThan(kept / 20);
        }
    }

    private static List<Long> byComparingAll(List<float[]> all, MapShape shape, double similarity) {
        List<float[]> kept = new ArrayList<>();
        List<Long> redundant = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            float[] map = all.get(i);
            if (kept.stream().anyMatch(other -> cosine(map, other, shape) >= similarity)) {
                redundant.add((long) i);
            } else {
                kept.add(map);
            }
        }
        return redundant;
    }

    /** The mean cosine of the layers. */
    private static double cosine(float[] a, float[] b, MapShape shape) {
        double total = 0;
        for (int from = 0; from < a.length; from += shape.expertCount()) {
            double product = 0;
            double first = 0;
            double second = 0;
            for (int i = from; i < from + shape.expertCount(); i++) {
                product += (double) a[i] * b[i];
                first += (double) a[i] * a[i];
                second += (double) b[i] * b[i];
            }
            total += product / Math.sqrt(first * second);
        }
        return total / shape.layerCount();
    }

    @Test
    void removesEqualMapsButTheOldest() throws IOException {
        Path into = folder.resolve("into");
        try (LuceneExpertMapStore store = LuceneExpertMapStore.open(into, SHAPE, "model", 100_000, 2)) {
            for (int i = 0; i < 100; i++) {
                store.add(maps.map(i % 50));
            }
        }
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            assertThat(MapPruning.redundant(reader, 1, done -> {}))
                    .isEqualTo(IntStream.range(50, 100).mapToObj(i -> (long) i).toList());
        }
        try (MapIndexWriter writer = MapIndexWriter.open(into, INDEX)) {
            writer.remove(List.of(50L, 51L));
            writer.commit();
            writer.tidy(maps -> {}, done -> {});
        }
        try (MapIndexReader reader = MapIndexReader.open(into)) {
            assertThat(reader.maps()).isEqualTo(98);
        }
        assertThat(MapIndexCheck.run(into, "model", done -> {})).isEmpty();
    }
}
