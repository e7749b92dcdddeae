package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.squall.predict.ExactMapStore;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.apache.lucene.index.CheckIndex;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LuceneExpertMapStoreTest {
    private static final MapShape SHAPE = new MapShape(6, 16, 2, 40);
    private static final MapShape LONG = new MapShape(20, 64, 4, 700);
    private static final int DISTANCE = 2;

    private final MadeUpMaps maps = new MadeUpMaps(SHAPE, 20, 1);

    @TempDir
    private Path folder;

    private LuceneExpertMapStore open(int capacity) {
        return LuceneExpertMapStore.open(folder, SHAPE, "model", capacity, DISTANCE);
    }

    @Test
    void findsAMapAsSoonAsItIsAdded() {
        try (LuceneExpertMapStore store = open(10_000)) {
            for (int i = 0; i < 700; i++) {
                ExpertMap map = maps.map(i);
                store.add(map);
                MapMatches found = store.nearestByTrajectory(map.probabilities(), SHAPE.layerCount(), 1);
                assertThat(found.score(0)).isCloseTo(1, offset(0x1p-9f));
                assertThat(found.origin(0)).isEqualTo(map.origin());
                assertThat(found.continuation(0)).isEqualTo(map.continuation());
            }
            for (int i = 0; i < 700; i += 50) {
                MapMatches found = store.nearestByTrajectory(maps.map(i).probabilities(), SHAPE.layerCount(), 1);
                assertThat(found.continuation(0))
                        .as("map %d", i)
                        .isEqualTo(maps.map(i).continuation());
            }
            assertThat(store.size()).isEqualTo(700);
        }
    }

    /** A map of one of {@code tokens} tokens, each with an embedding of its own. */
    private ExpertMap ofToken(int i, int tokens) {
        ExpertMap map = maps.map(i);
        return new ExpertMap(maps.map(i % tokens).embedding(), map.probabilities(), map.continuation(), map.origin());
    }

    /** The index loads beside its first user; waits for that. */
    private static MapMatches loaded(LuceneExpertMapStore store, float[] embedding, int k) throws InterruptedException {
        for (int tries = 0;
                tries < 1000 && store.ofEmbedding(embedding, new float[0], k, k).count() == 0;
                tries++) {
            Thread.sleep(10);
        }
        return store.ofEmbedding(embedding, new float[0], k, k);
    }

    @Test
    void findsTheNewestMapsOfATokenAlsoInTheNextProcess() throws InterruptedException {
        int tokens = 7;
        int last = 700;
        try (LuceneExpertMapStore store = open(10_000)) {
            for (int i = 0; i < last; i++) {
                store.add(ofToken(i, tokens));
            }
        }
        try (LuceneExpertMapStore store = open(10_000)) {
            loaded(store, maps.map(0).embedding(), 1);
            store.add(ofToken(last, tokens));
            MapMatches found = store.ofEmbedding(maps.map(0).embedding(), new float[0], 3, 3);
            for (int i = 0; i < 3; i++) {
                assertThat(found.origin(i))
                        .isEqualTo(maps.map(last - (long) i * tokens).origin());
                assertThat(found.continuation(i))
                        .isEqualTo(maps.map(last - (long) i * tokens).continuation());
            }
            assertThat(store.ofEmbedding(maps.map(tokens).embedding(), new float[0], 3, 3)
                            .count())
                    .as("another token's")
                    .isZero();
        }
    }

    @Test
    void keepsOneInEightOfTheMapsThatItIsOfferedWhenItIsFull() {
        int capacity = 100;
        try (LuceneExpertMapStore store = open(capacity)) {
            for (int i = 0; i < capacity; i++) {
                store.add(maps.map(i));
            }
            store.commit();
            for (int i = capacity; i < capacity + 80; i++) {
                store.offer(maps.map(i));
            }
            store.commit();
            int kept = 0;
            for (int i = capacity; i < capacity + 80; i++) {
                MapMatches found = store.nearestByTrajectory(maps.map(i).probabilities(), SHAPE.layerCount(), 1);
                kept += found.origin(0).equals(maps.map(i).origin()) ? 1 : 0;
            }
            assertThat(kept).isEqualTo(80 / LuceneExpertMapStore.KEPT_ONE_IN);
            assertThat(store.size()).isEqualTo(capacity);
        }
    }

    @Test
    void findsWhatItWasOfferedWithoutACommit() throws InterruptedException {
        int offered = 150;
        try (LuceneExpertMapStore store = open(1000)) {
            for (int i = 0; i < offered; i++) {
                store.offer(maps.map(i));
            }
            assertThat(store.size()).isEqualTo(offered);
            for (int i = 0; i < offered; i++) {
                MapOrigin origin = maps.map(i).origin();
                for (int tries = 0; tries < 1000 && !origin.equals(mostLike(store, i)); tries++) {
                    Thread.sleep(10);
                }
                assertThat(mostLike(store, i)).isEqualTo(origin);
            }
        }
    }

    private @Nullable MapOrigin mostLike(LuceneExpertMapStore store, int i) {
        MapMatches found = store.nearestByTrajectory(maps.map(i).probabilities(), SHAPE.layerCount(), 1);
        return found.count() == 0 ? null : found.origin(0);
    }

    @Test
    void keepsTheFewThatItWasOfferedLast() {
        int offered = 3;
        try (LuceneExpertMapStore store = open(1000)) {
            for (int i = 0; i < offered; i++) {
                store.offer(maps.map(i));
            }
        }
        try (LuceneExpertMapStore store = open(1000)) {
            assertThat(store.size()).isEqualTo(offered);
            for (int i = 0; i < offered; i++) {
                assertThat(mostLike(store, i)).isEqualTo(maps.map(i).origin());
            }
        }
    }

    @Test
    void refusesWhatItIsOfferedWithAnotherShape() {
        try (LuceneExpertMapStore store = open(1000)) {
            ExpertMap other = new MadeUpMaps(LONG, 30, 2).map(0);
            assertThatThrownBy(() -> store.offer(other)).isInstanceOf(IllegalArgumentException.class);
            assertThat(store.size()).isZero();
        }
    }

    @Test
    void findsWhatTheExactStoreFinds() {
        for (MapShape shape : List.of(SHAPE, LONG)) {
            MadeUpMaps made = new MadeUpMaps(shape, 30, 2);
            int stored = 3000;
            int queries = 200;
            try (ExactMapStore exact = new ExactMapStore(shape, stored, DISTANCE);
                    LuceneExpertMapStore store = LuceneExpertMapStore.open(
                            folder.resolve(shape.layerCount() + ""), shape, "model", stored, DISTANCE)) {
                for (int i = 0; i < stored; i++) {
                    exact.add(made.map(i));
                    store.add(made.map(i));
                }
                for (int layers : new int[] {1, shape.layerCount() / 2, shape.layerCount()}) {
                    int same = 0;
                    double lost = 0;
                    for (int i = 0; i < queries; i++) {
                        float[] query = made.map(stored + i).probabilities();
                        MapMatches best = exact.nearestByTrajectory(query, layers, 1);
                        MapMatches found = store.nearestByTrajectory(query, layers, 1);
                        same += best.origin(0).equals(found.origin(0)) ? 1 : 0;
                        lost += best.score(0) - found.score(0);
                    }
                    assertThat(lost / queries)
                            .as("%s, %d layers", shape, layers)
                            .isBetween(-0.002, 0.02);
                    if (layers > 1) {
                        assertThat(same).as("%s, %d layers", shape, layers).isGreaterThan(queries * 8 / 10);
                    }
                }
                int same = 0;
                for (int i = 0; i < queries; i++) {
                    float[] query = made.map(stored + i).embedding();
                    same += exact.nearestByEmbedding(query, 1)
                                    .origin(0)
                                    .equals(store.nearestByEmbedding(query, 1).origin(0))
                            ? 1
                            : 0;
                }
                assertThat(same).as("%s", shape).isGreaterThan(queries * 8 / 10);
            }
        }
    }

    @Test
    void givesTheProbabilitiesInHalfPrecision() {
        try (LuceneExpertMapStore store = open(100)) {
            ExpertMap map = maps.map(5);
            store.add(map);
            float[] out = new float[SHAPE.expertCount() + 1];
            MapMatches found = store.nearestByEmbedding(map.embedding(), 3);
            assertThat(found.count()).isEqualTo(1);
            found.probabilities(0, 3, out, 1);
            for (int expert = 0; expert < SHAPE.expertCount(); expert++) {
                float expected = map.probabilities()[3 * SHAPE.expertCount() + expert];
                assertThat(out[1 + expert]).isCloseTo(expected, offset(expected * 0x1p-10f));
            }
        }
    }

    @Test
    void isWarmWhenItIsOpenedAgain() {
        try (LuceneExpertMapStore store = open(1000)) {
            for (int i = 0; i < 500; i++) {
                store.add(maps.map(i));
            }
        }
        try (LuceneExpertMapStore store = open(1000)) {
            assertThat(store.size()).isEqualTo(500);
            for (int i = 0; i < 500; i += 50) {
                ExpertMap map = maps.map(i);
                MapMatches found = store.nearestByTrajectory(map.probabilities(), SHAPE.layerCount(), 1);
                assertThat(found.origin(0)).isEqualTo(map.origin());
            }
            store.add(maps.map(900));
            assertThat(store.size()).isEqualTo(501);
        }
    }

    @Test
    void remembersTheLastConversationSoThatNewOnesCountOn() {
        try (LuceneExpertMapStore store = open(1000)) {
            assertThat(store.lastConversation()).isZero();
            store.add(maps.map(0).afterConversation(40));
            store.add(maps.map(1).afterConversation(7));
            assertThat(store.lastConversation())
                    .isEqualTo(40 + maps.map(0).origin().conversation());
        }
        try (LuceneExpertMapStore store = open(1000)) {
            assertThat(store.lastConversation())
                    .isEqualTo(40 + maps.map(0).origin().conversation());
        }
    }

    @Test
    void replacesTheMostRedundantMapWhenItIsFull() {
        int capacity = 300;
        try (LuceneExpertMapStore store = open(capacity)) {
            for (int i = 0; i < capacity; i++) {
                store.add(maps.map(i));
            }
            store.commit();
            ExpertMap twin = maps.map(7);
            ExpertMap like = new ExpertMap(
                    twin.embedding(), twin.probabilities(), maps.map(5000).origin());
            store.add(like);
            store.commit();
            assertThat(store.size()).isEqualTo(capacity);
        }
        try (LuceneExpertMapStore store = open(capacity)) {
            assertThat(store.size()).isEqualTo(capacity);
            MapMatches found = store.nearestByTrajectory(maps.map(7).probabilities(), SHAPE.layerCount(), 2);
            assertThat(found.origin(0)).isEqualTo(maps.map(5000).origin());
            assertThat(found.origin(1)).isNotEqualTo(maps.map(7).origin());
        }
    }

    @Test
    void staysWithinItsCapacity() throws IOException {
        int capacity = 200;
        try (LuceneExpertMapStore store = open(capacity)) {
            for (int i = 0; i < 1500; i++) {
                store.add(maps.map(i));
            }
            assertThat(store.size()).isEqualTo(capacity);
        }
        try (Directory directory = FSDirectory.open(folder);
                DirectoryReader reader = DirectoryReader.open(directory)) {
            assertThat(reader.numDocs()).isBetween(capacity - 10, capacity + 256);
        }
    }

    @Test
    void refusesMapsOfAnotherModel() {
        open(10).close();
        assertThatThrownBy(() -> LuceneExpertMapStore.open(folder, SHAPE, "other", 10, DISTANCE))
                .isInstanceOf(MapIndexException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContaining("learnt with another model")
                .hasMessageContaining("name another folder");
        assertThatThrownBy(() -> LuceneExpertMapStore.open(folder, LONG, "model", 10, DISTANCE))
                .isInstanceOf(MapIndexException.class)
                .hasMessageContaining("20 layers of 64 experts");
    }

    @Test
    void refusesASecondWriter() {
        try (LuceneExpertMapStore store = open(10)) {
            store.add(maps.map(1));
            assertThatThrownBy(() -> open(10))
                    .isInstanceOf(MapIndexException.class)
                    .hasMessageContaining("being written by another process");
        }
    }

    @Test
    void refusesAFolderOfOtherFiles() throws IOException {
        Files.writeString(folder.resolve("letter.txt"), "dear");
        assertThatThrownBy(() -> open(10)).isInstanceOf(MapIndexException.class).hasMessageContaining("other files");
        assertThat(folder.resolve("letter.txt")).exists();
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> LuceneExpertMapStore.open(file, SHAPE, "model", 10, DISTANCE))
                .isInstanceOf(MapIndexException.class)
                .hasMessageContaining("is a file");
    }

    @Test
    void saysWhenItsCommitIsDamaged() throws IOException {
        try (LuceneExpertMapStore store = open(10)) {
            store.add(maps.map(1));
        }
        try (Stream<Path> files = Files.list(folder)) {
            Path commit = files.filter(f -> f.getFileName().toString().startsWith("segments"))
                    .findFirst()
                    .orElseThrow();
            byte[] bytes = Files.readAllBytes(commit);
            bytes[bytes.length / 2] ^= 1;
            Files.write(commit, bytes, StandardOpenOption.TRUNCATE_EXISTING);
        }
        assertThatThrownBy(() -> open(10))
                .isInstanceOf(MapIndexException.class)
                .hasMessageContaining("is damaged")
                .hasMessageContaining("squall index check");
    }

    @Test
    void isReadByStockLuceneWhileItIsWritten() throws IOException {
        try (LuceneExpertMapStore store = open(1000)) {
            for (int i = 0; i < 600; i++) {
                store.add(maps.map(i));
            }
            store.commit();
            try (Directory directory = FSDirectory.open(folder);
                    DirectoryReader reader = DirectoryReader.open(directory)) {
                assertThat(reader.numDocs()).isEqualTo(600);
                assertThat(reader.leaves()
                                .getFirst()
                                .reader()
                                .getFloatVectorValues(MapDocuments.TRAJECTORY)
                                .dimension())
                        .isEqualTo(SHAPE.probabilityCount());
            }
            store.add(maps.map(600));
        }
        try (Directory directory = FSDirectory.open(folder);
                CheckIndex check = new CheckIndex(directory)) {
            assertThat(check.checkIndex().clean).isTrue();
        }
    }

    @Test
    void keepsWhatWasCommittedWhenItsProcessIsKilled() throws Exception {
        int known = 0;
        for (int round = 0; round < 3; round++) {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-cp",
                            System.getProperty("java.class.path"),
                            EndlessLearner.class.getName(),
                            folder.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (var lines = process.inputReader()) {
                for (int i = 0; i < 4 + round; i++) {
                    known = Integer.parseInt(lines.readLine());
                }
                process.destroyForcibly().waitFor();
            }
            try (LuceneExpertMapStore store = open(100_000)) {
                assertThat(store.size()).isGreaterThanOrEqualTo(known);
                ExpertMap last = maps.map(known - 1);
                assertThat(store.nearestByTrajectory(last.probabilities(), SHAPE.layerCount(), 1)
                                .score(0))
                        .isCloseTo(1, offset(0x1p-9f));
            }
        }
    }

    /** Adds maps for ever, and prints how many are committed each time some are. */
    static final class EndlessLearner {
        public static void main(String[] arguments) {
            MadeUpMaps maps = new MadeUpMaps(SHAPE, 20, 1);
            try (LuceneExpertMapStore store =
                    LuceneExpertMapStore.open(Path.of(arguments[0]), SHAPE, "model", 100_000, DISTANCE)) {
                for (int i = (int) store.size(); ; i++) {
                    store.add(maps.map(i));
                    if (i % 50 == 49) {
                        store.commit();
                        System.out.println(i + 1);
                    }
                }
            }
        }
    }
}
