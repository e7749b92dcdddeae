package dev.squall.index;

import dev.squall.predict.MapShape;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Set;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.AcceptDocs;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.util.BytesRef;

/** Searches one state of an index: candidates from the graphs of its segments, scored exactly. */
final class MapSearch {
    /** By how many standard deviations a segment is asked for more than it would hold of the candidates by chance. */
    private static final double SLACK = 3;

    /**
     * How many more than are wanted are scored where the graph's vectors are the maps themselves: the two differ by what
     * half precision rounds away.
     */
    private static final int NEAR_TIES = 4;

    private final MapDocuments documents;
    private final int semanticMin;
    private final int trajectoryMin;

    /**
     * How many maps the graphs are asked for at least, each for its share and some more: more of them, better recall.
     *
     * @param semanticMin by the embedding
     * @param trajectoryMin by the first layers
     */
    MapSearch(MapDocuments documents, int semanticMin, int trajectoryMin) {
        this.documents = documents;
        this.semanticMin = semanticMin;
        this.trajectoryMin = trajectoryMin;
    }

    /**
     * Adds what it finds.
     *
     * @param without numbers of maps that another one has replaced
     */
    void search(IndexReader reader, MapQuery query, int k, Set<Long> without, FoundMaps found) throws IOException {
        for (LeafReaderContext context : reader.leaves()) {
            LeafReader leaf = context.reader();
            search(leaf, (double) leaf.numDocs() / reader.numDocs(), query, k, without, found);
        }
    }

    /** The same in one segment by itself. */
    void search(LeafReader leaf, MapQuery query, int k, Set<Long> without, FoundMaps found) throws IOException {
        search(leaf, 1, query, k, without, found);
    }

    /** @param share of all maps that are in the segment */
    private void search(LeafReader leaf, double share, MapQuery query, int k, Set<Long> without, FoundMaps found)
            throws IOException {
        if (query.hasEmbedding()) {
            float[] vector = query.semanticVector(documents);
            int candidates = Math.max(k, semanticMin);
            ScoreDoc[] docs = nearest(leaf, MapDocuments.SEMANTIC, vector, candidates, candidates);
            add(leaf, docs, query, without, found);
        }
        if (query.hasTrajectory()) {
            float[] vector = query.trajectoryVector(documents);
            int candidates = candidates(k, share);
            boolean isRanked = documents.hasWholeTrajectories() && !query.hasEmbedding();
            int worthScoring = isRanked ? k + NEAR_TIES + without.size() : candidates;
            ScoreDoc[] docs = nearest(leaf, MapDocuments.TRAJECTORY, vector, candidates, worthScoring);
            add(leaf, docs, query, without, found);
        }
    }

    /**
     * How many maps a segment is asked for by the first layers: of so many among all maps as many as fall to it, if they
     * are anywhere, and at least k, if they are all here.
     */
    private int candidates(int k, double share) {
        int ofAll = Math.max(k, trajectoryMin);
        double mean = ofAll * share;
        double most = mean + SLACK * Math.sqrt(mean * (1 - share));
        return Math.max(k, (int) Math.min(ofAll, Math.ceil(most)));
    }

    /** The best of the candidates in the order of documents, as their fields are read. */
    private ScoreDoc[] nearest(LeafReader leaf, String field, float[] vector, int candidates, int best)
            throws IOException {
        AcceptDocs live = AcceptDocs.fromLiveDocs(leaf.getLiveDocs(), leaf.maxDoc());
        ScoreDoc[] docs = leaf.searchNearestVectors(field, vector, candidates, live, Integer.MAX_VALUE).scoreDocs;
        if (docs.length > best) {
            docs = Arrays.copyOf(docs, best);
        }
        Arrays.sort(docs, Comparator.comparingInt(scored -> scored.doc));
        return docs;
    }

    /** Adds the best of them, best first: what is read of a map that a better one replaces is read in vain. */
    private void add(LeafReader leaf, ScoreDoc[] docs, MapQuery query, Set<Long> without, FoundMaps found)
            throws IOException {
        score(leaf, docs, query);
        Arrays.sort(docs, Comparator.comparingDouble(scored -> -scored.score));
        for (ScoreDoc scored : docs) {
            if (!found.wants(scored.score)) {
                return;
            }
            long id = MapDocuments.number(leaf, MapDocuments.ID, scored.doc);
            if (!without.contains(id) && !found.has(id)) {
                found.add(read(leaf, id, scored));
            }
        }
    }

    private void score(LeafReader leaf, ScoreDoc[] docs, MapQuery query) throws IOException {
        MapShape shape = documents.shape();
        BinaryDocValues embeddings = DocValues.getBinary(leaf, MapDocuments.EMBEDDING);
        BinaryDocValues probabilities = DocValues.getBinary(leaf, MapDocuments.PROBABILITIES);
        BytesRef none = new BytesRef();
        for (ScoreDoc scored : docs) {
            BytesRef embedding = query.hasEmbedding()
                    ? MapDocuments.halves(embeddings, MapDocuments.EMBEDDING, scored.doc, shape.embeddingLength())
                    : none;
            BytesRef map = query.hasTrajectory()
                    ? MapDocuments.halves(
                            probabilities, MapDocuments.PROBABILITIES, scored.doc, shape.probabilityCount())
                    : none;
            scored.score = query.score(embedding, map);
        }
    }

    private FoundMaps.Found read(LeafReader leaf, long id, ScoreDoc scored) throws IOException {
        BytesRef map = MapDocuments.halves(
                DocValues.getBinary(leaf, MapDocuments.PROBABILITIES),
                MapDocuments.PROBABILITIES,
                scored.doc,
                documents.shape().probabilityCount());
        return new FoundMaps.Found(
                id,
                scored.score,
                Arrays.copyOfRange(map.bytes, map.offset, map.offset + map.length),
                MapDocuments.continuation(DocValues.getBinary(leaf, MapDocuments.CONTINUATION), scored.doc),
                MapDocuments.origin(leaf, scored.doc));
    }
}
