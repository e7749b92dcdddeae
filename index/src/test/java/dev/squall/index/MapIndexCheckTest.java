package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.predict.MapShape;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MapIndexCheckTest {
    private static final MapShape SHAPE = new MapShape(4, 16, 2, 32);

    private final MadeUpMaps maps = new MadeUpMaps(SHAPE, 20, 1);
    private final MapDocuments documents = new MapDocuments(SHAPE);

    @TempDir
    private Path folder;

    /** Changes a document before it is written. */
    @FunctionalInterface
    private interface Change {
        void of(Document document, int number);
    }

    /** Writes segments of 500 maps that stay apart. */
    private void write(int count, Change change) throws IOException {
        try (Directory directory = FSDirectory.open(folder);
                IndexWriter writer =
                        new IndexWriter(directory, new IndexWriterConfig().setMergePolicy(NoMergePolicy.INSTANCE))) {
            writer.setLiveCommitData(new MapIndex("model", SHAPE).commitData().entrySet());
            for (int i = 0; i < count; i++) {
                Document document = documents.document(i, maps.map(i));
                change.of(document, i);
                writer.addDocument(document);
                if (i % 500 == 499) {
                    writer.flush();
                }
            }
        }
    }

    private List<MapIndexCheck.Finding> check() throws IOException {
        return MapIndexCheck.run(folder, null, checked -> {});
    }

    private Path largestFile() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.max(Comparator.comparingLong(file -> file.toFile().length()))
                    .orElseThrow();
        }
    }

    @Test
    void findsNothingInASoundIndexAndTellsHowFarItIs() throws IOException {
        write(1500, (document, number) -> {});
        List<Long> progress = new ArrayList<>();

        assertThat(MapIndexCheck.run(folder, "model", progress::add)).isEmpty();

        assertThat(progress).containsExactly(500L, 1000L, 1500L);
        assertThat(MapIndexCheck.maps(folder)).isEqualTo(1500);
        assertThat(MapIndexCheck.repair(folder)).isEqualTo(new MapIndexCheck.Repair(false, 0, false));
    }

    @Test
    void findsATruncatedSegmentAndRepairsByDroppingIt() throws IOException {
        write(1500, (document, number) -> {});
        try (RandomAccessFile file = new RandomAccessFile(largestFile().toFile(), "rw")) {
            file.setLength(file.length() / 2);
        }

        assertThat(check()).singleElement().satisfies(finding -> {
            assertThat(finding.isDamage()).isTrue();
            assertThat(finding.text()).contains("with 500 maps is damaged");
            assertThat(finding.repair()).contains("check --repair");
        });
        assertThat(MapIndexCheck.repair(folder)).isEqualTo(new MapIndexCheck.Repair(true, 500, false));
        assertThat(check()).isEmpty();
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            assertThat(reader.maps()).isEqualTo(1000);
            assertThat(reader.index().model()).isEqualTo("model");
        }
    }

    @Test
    void findsAChangedByteAndAMissingFile() throws IOException {
        write(1000, (document, number) -> {});
        Path file = largestFile();
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 0x40;
        Files.write(file, bytes);
        assertThat(check()).singleElement().satisfies(finding -> assertThat(finding.text())
                .contains("damaged"));

        Files.delete(file);
        assertThat(check()).singleElement().satisfies(finding -> assertThat(finding.text())
                .contains("damaged"));
        assertThat(MapIndexCheck.repair(folder)).isEqualTo(new MapIndexCheck.Repair(true, 500, false));
    }

    @Test
    void saysSoWhereNoRepairExists() throws IOException {
        write(500, (document, number) -> {});
        try (Stream<Path> files = Files.list(folder)) {
            Path list = files.filter(file -> file.getFileName().toString().startsWith("segments_"))
                    .findFirst()
                    .orElseThrow();
            Files.write(list, Arrays.copyOf(Files.readAllBytes(list), 20));
        }

        assertThat(check()).singleElement().satisfies(finding -> {
            assertThat(finding.isDamage()).isTrue();
            assertThat(finding.repair()).contains("no repair");
        });
        assertThatThrownBy(() -> MapIndexCheck.repair(folder)).isInstanceOf(MapIndexException.class);
    }

    @Test
    void findsAForeignModel() throws IOException {
        write(500, (document, number) -> {});

        assertThat(MapIndexCheck.run(folder, "another", checked -> {}))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.isDamage()).isTrue();
                    assertThat(finding.text()).isEqualTo("the index is of model model, expected another");
                    assertThat(finding.repair()).contains("another folder");
                });
    }

    @Test
    void findsAGraphThatHasFallenApartAndNewGraphsCureIt(@TempDir Path cured) throws IOException {
        // Far apart heaps of equal vectors: neighbours are all of the same heap.
        write(3000, (document, number) -> {
            document.removeFields(MapDocuments.SEMANTIC);
            float[] vector = new float[32];
            vector[number % 30] = 1;
            document.add(new KnnFloatVectorField(MapDocuments.SEMANTIC, vector, VectorSimilarityFunction.DOT_PRODUCT));
        });
        merged(folder);

        assertThat(check()).singleElement().satisfies(finding -> {
            assertThat(finding.isDamage()).isTrue();
            assertThat(finding.text()).contains("the graph of embeddings").contains("of 3000 maps");
            assertThat(finding.repair()).contains("squall index import NEW FILE");
        });

        try (MapIndexReader reader = MapIndexReader.open(folder);
                LuceneExpertMapStore store = LuceneExpertMapStore.open(cured, SHAPE, "model", 100_000, 2)) {
            reader.forEach(map -> store.add(map.map()));
        }
        assertThat(MapIndexCheck.run(cured, "model", checked -> {})).noneMatch(MapIndexCheck.Finding::isDamage);
    }

    private static void merged(Path folder) throws IOException {
        try (Directory directory = FSDirectory.open(folder);
                IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig())) {
            writer.setLiveCommitData(new MapIndex("model", SHAPE).commitData().entrySet());
            writer.forceMerge(1);
        }
    }

    @Test
    void refusesAFolderWithoutAnIndex() {
        assertThatThrownBy(this::check).isInstanceOf(MapIndexException.class).hasMessageContaining("is empty");
        assertThatThrownBy(() -> MapIndexCheck.run(folder.resolve("none"), null, checked -> {}))
                .hasMessageContaining("no such folder");
        assertThat(MapIndexCheck.maps(folder.resolve("none"))).isZero();
        assertThat(folder.resolve("none")).as("a check writes nothing").doesNotExist();
    }

    @Test
    void tellsThatTheFileWhichNamesTheOthersIsMissing() throws IOException {
        write(500, (document, number) -> {});
        Files.write(folder.resolve("squall.weights"), new byte[] {1});
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(f -> f.getFileName().toString().startsWith("segments_"))
                    .toList()) {
                Files.delete(file);
            }
        }

        assertThat(check()).singleElement().satisfies(finding -> {
            assertThat(finding.isDamage()).isTrue();
            assertThat(finding.text()).contains("(segments_N) is missing");
            assertThat(finding.repair()).contains("delete the folder");
        });
        assertThatThrownBy(() -> MapIndexReader.open(folder))
                .isInstanceOf(MapIndexException.class)
                .hasMessageContaining("is damaged: the file that names its others");
    }
}
