package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.squall.predict.ExactMapStore;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MapIndexReaderTest {
    private static final MapShape SHAPE = new MapShape(4, 16, 2, 32);

    private final MadeUpMaps maps = new MadeUpMaps(SHAPE, 20, 1);

    @TempDir
    private Path folder;

    private LuceneExpertMapStore filled(int count) {
        LuceneExpertMapStore store = LuceneExpertMapStore.open(folder, SHAPE, "model", 100_000, 2);
        for (int i = 0; i < count; i++) {
            store.add(maps.map(i));
        }
        store.commit();
        return store;
    }

    @Test
    void readsTheLastCommitWhileAnotherWrites() throws IOException {
        try (LuceneExpertMapStore store = filled(700);
                MapIndexReader reader = MapIndexReader.open(folder)) {
            store.add(maps.map(700));
            store.commit();
            assertThat(reader.maps()).isEqualTo(700);
            assertThat(reader.index().shape()).isEqualTo(SHAPE);
            assertThat(reader.index().model()).isEqualTo("model");
            assertThat(reader.bytes()).isPositive();
            assertThat(reader.segments().stream()
                            .mapToInt(MapIndexReader.Segment::maps)
                            .sum())
                    .isEqualTo(700);
            assertThat(reader.fields())
                    .extracting(MapIndexReader.Field::name)
                    .contains("semantic", "trajectory", "time");
            Set<Long> ids = new HashSet<>();
            reader.forEach(map -> ids.add(map.id()));
            assertThat(ids).hasSize(700);
            try (MapIndexReader later = MapIndexReader.open(folder)) {
                assertThat(later.maps()).isEqualTo(701);
            }
        }
    }

    @Test
    void tellsHowManyPassesAMapHoldsByWhatFollowedIt() throws IOException {
        filled(3).close();
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            assertThat(reader.passes()).as("known for all layers").isEqualTo(1);
        }
        Path two = folder.resolve("two");
        try (LuceneExpertMapStore store = LuceneExpertMapStore.open(two, SHAPE, "model", 100_000, 2)) {
            ExpertMap one = maps.map(1);
            byte[] ofHalf = new byte[1 + SHAPE.probabilityCount() / 2];
            store.add(new ExpertMap(one.embedding(), one.probabilities(), one.origin()));
            store.add(new ExpertMap(one.embedding(), one.probabilities(), ofHalf, one.origin()));
        }
        try (MapIndexReader reader = MapIndexReader.open(two)) {
            assertThat(reader.passes()).as("known for half of the layers").isEqualTo(2);
            assertThat(two.resolve(reader.commitFile())).exists();
        }
    }

    @Test
    void findsAMapByItsNumber() throws IOException {
        filled(50).close();
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            StoredMap map = reader.find(7).orElseThrow();
            ExpertMap expected = maps.map(7);
            assertThat(map.origin()).isEqualTo(expected.origin());
            assertThat(map.continuation()).isEqualTo(expected.continuation()).hasSizeGreaterThan(1);
            assertThat(reader.find(6).orElseThrow().continuation()).isEmpty();
            for (int i = 0; i < SHAPE.probabilityCount(); i++) {
                assertThat(map.probabilities()[i]).isCloseTo(expected.probabilities()[i], offset(0x1p-11f));
            }
            assertThat(reader.find(50)).isEmpty();
            assertThat(reader.nearestByTrajectory(expected.probabilities(), 4, 1, 32)
                            .origin(0))
                    .isEqualTo(expected.origin());
        }
    }

    @Test
    void reachesEveryMapFromTheEntryOfItsGraph() throws IOException {
        filled(3000).close();
        MadeUpMaps.join(folder);
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            List<MapIndexReader.Graph> graphs = reader.graphs(true);
            assertThat(graphs).isNotEmpty().allSatisfy(graph -> {
                assertThat(graph.reachable()).isEqualTo(graph.nodes());
                assertThat(graph.levels().getFirst().degreeMean()).isBetween(1.0, 64.0);
                assertThat(graph.levels().getFirst().nodes()).isEqualTo(graph.nodes());
                assertThat(graph.levels())
                        .isSortedAccordingTo(Comparator.comparingInt(MapIndexReader.Level::nodes)
                                .reversed());
                assertThat(graph.nodesByDegree().stream().mapToInt(n -> n).sum())
                        .isEqualTo(graph.nodes());
            });
        }
    }

    @Test
    void keepsEqualEmbeddingsFindable() throws IOException {
        ExpertMap one = maps.map(1);
        try (LuceneExpertMapStore store = LuceneExpertMapStore.open(folder, SHAPE, "model", 100_000, 2)) {
            for (int i = 0; i < 3000; i++) {
                float[] embedding = maps.map(i % 30).embedding();
                store.add(new ExpertMap(
                        embedding, maps.map(i).probabilities(), maps.map(i).origin()));
            }
            store.commit();
            int found = 0;
            for (int i = 0; i < 30; i++) {
                found += store.nearestByEmbedding(maps.map(i).embedding(), 1).score(0) > 0.999f ? 1 : 0;
            }
            assertThat(found).isGreaterThanOrEqualTo(29);
            assertThat(store.nearestByEmbedding(one.embedding(), 3).score(2)).isCloseTo(1, offset(0x1p-9f));
        }
    }

    @Test
    void comparesOneByOneAsTheExactStoreDoes() throws IOException {
        filled(400).close();
        List<float[]> queries =
                List.of(maps.map(1000).probabilities(), maps.map(7).probabilities());
        List<Long> progress = new ArrayList<>();
        try (ExactMapStore exact = new ExactMapStore(SHAPE, 400, 2);
                MapIndexReader reader = MapIndexReader.open(folder)) {
            for (int i = 0; i < 400; i++) {
                exact.add(maps.map(i));
            }
            float[][][] best = reader.bestByTrajectory(queries, new int[] {1, 3, 4}, 5, progress::add);
            for (int query = 0; query < 2; query++) {
                MapMatches byOne = exact.nearestByTrajectory(queries.get(query), 1, 5);
                MapMatches byAll = exact.nearestByTrajectory(queries.get(query), 4, 5);
                for (int rank = 0; rank < 5; rank++) {
                    assertThat(best[query][0][rank]).isCloseTo(byOne.score(rank), offset(0x1p-9f));
                    assertThat(best[query][2][rank]).isCloseTo(byAll.score(rank), offset(0x1p-9f));
                }
            }
        }
        assertThat(progress).hasSize(400).last().isEqualTo(400L);
    }

    /** What Luke does: nothing of ours, only Lucene on the class path. */
    @Test
    void isAnIndexLikeAnyOtherToStockLucene() throws IOException {
        filled(600).close();
        try (Directory directory = FSDirectory.open(folder);
                DirectoryReader reader = DirectoryReader.open(directory)) {
            assertThat(reader.numDocs()).isEqualTo(600);
            assertThat(reader.getIndexCommit().getUserData()).containsEntry("squall.model", "model");
            IndexSearcher searcher = new IndexSearcher(reader);
            TopDocs byTerm = searcher.search(new TermQuery(new Term("id", "77")), 2);
            assertThat(byTerm.scoreDocs).hasSize(1);
            float[] vector = null;
            for (LeafReaderContext leaf : reader.leaves()) {
                assertThat(leaf.reader().getFieldInfos().fieldInfo("trajectory").getVectorDimension())
                        .isEqualTo(64);
                int doc = byTerm.scoreDocs[0].doc - leaf.docBase;
                if (doc >= 0 && doc < leaf.reader().maxDoc()) {
                    vector = leaf.reader().getFloatVectorValues("trajectory").vectorValue(doc);
                    NumericDocValues positions = leaf.reader().getNumericDocValues("position");
                    assertThat(positions.advanceExact(doc)).isTrue();
                    assertThat(positions.longValue()).isEqualTo(77);
                }
            }
            TopDocs nearest = searcher.search(new KnnFloatVectorQuery("trajectory", vector, 3), 3);
            assertThat(nearest.scoreDocs[0].doc).isEqualTo(byTerm.scoreDocs[0].doc);
        }
    }

    @Test
    void refusesWhatIsNoIndex() {
        assertThatThrownBy(() -> MapIndexReader.open(folder.resolve("none")))
                .isInstanceOf(MapIndexException.class)
                .hasMessageContaining("no such folder");
        assertThatThrownBy(() -> MapIndexReader.open(folder))
                .isInstanceOf(MapIndexException.class)
                .hasMessageContaining("is empty");
        assertThat(folder.resolve("none")).doesNotExist();
    }
}
