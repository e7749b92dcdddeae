package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MapSearchTest {
    private static final int MAPS = 300;
    private static final int WANTED = 3;

    @TempDir
    private Path folder;

    private record Scored(long id, float score) {}

    /** Finds the best of maps in several segments, some of which count as replaced. */
    private void finds(MapShape shape, boolean ofBoth, int replaced) throws IOException {
        // Of one topic, so that embedding and layers are alike in different maps.
        MadeUpMaps maps = new MadeUpMaps(shape, 1, 7);
        MapDocuments documents = new MapDocuments(shape);
        MapQuery query = ofBoth
                ? MapQuery.ofBoth(
                        shape, maps.map(MAPS).embedding(), maps.map(MAPS).probabilities(), 0.5)
                : MapQuery.ofTrajectory(shape, maps.map(MAPS).probabilities(), shape.layerCount());
        List<Scored> all = new ArrayList<>();
        try (Directory directory = FSDirectory.open(folder);
                IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig())) {
            for (int i = 0; i < MAPS; i++) {
                writer.addDocument(documents.document(i, maps.map(i)));
                if (i == 200) {
                    writer.flush();
                }
                float[] unit = MapVectors.unitEmbedding(shape, maps.map(i).embedding());
                BytesRef embedding =
                        new BytesRef(PackedMap.unitHalves(maps.map(i).embedding(), unit));
                BytesRef map = new BytesRef(HalfFloats.encode(maps.map(i).probabilities()));
                all.add(new Scored(i, query.score(embedding, map)));
            }
            all.sort(Comparator.comparingDouble((Scored scored) -> -scored.score()));
            Set<Long> without =
                    all.subList(0, replaced).stream().map(Scored::id).collect(Collectors.toSet());
            FoundMaps found = new FoundMaps(shape, WANTED);
            try (DirectoryReader reader = DirectoryReader.open(writer)) {
                assertThat(reader.leaves()).hasSize(2);
                new MapSearch(documents, 1, MAPS).search(reader, query, WANTED, without, found);
            }
            assertThat(found.count()).isEqualTo(WANTED);
            for (int i = 0; i < WANTED; i++) {
                assertThat(found.score(i)).isEqualTo(all.get(replaced + i).score());
                assertThat(found.id(i)).isEqualTo(all.get(replaced + i).id());
            }
        }
    }

    @Test
    void findsTheBestWhereTheGraphHasTheWholeMaps() throws IOException {
        finds(new MapShape(8, 16, 2, 8), false, 0);
    }

    @Test
    void findsTheBestWhereItHasOnlyPartsOfThem() throws IOException {
        finds(new MapShape(8, 128, 2, 8), false, 0);
    }

    @Test
    void findsThoseAfterReplacedOnes() throws IOException {
        finds(new MapShape(8, 16, 2, 8), false, 20);
    }

    @Test
    void findsTheBestByTheEmbeddingToo() throws IOException {
        finds(new MapShape(8, 16, 2, 128), true, 0);
    }
}
