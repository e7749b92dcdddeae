package dev.squall.index;

import dev.squall.predict.MapShape;
import java.io.IOException;
import java.util.Arrays;
import java.util.Set;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.AcceptDocs;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.util.BytesRef;

/** Searches one state of an index: candidates from the graphs of its segments, scored exactly. */
final class MapSearch {
    /** By how many standard deviations a segment is asked for more than it would hold of the candidates by chance. */
    private static final double SLACK = 3;

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
            int[] docs = nearest(leaf, MapDocuments.SEMANTIC, vector, Math.max(k, semanticMin));
            score(leaf, docs, query, without, found);
        }
        if (query.hasTrajectory()) {
            float[] vector = query.trajectoryVector(documents);
            int[] docs = nearest(leaf, MapDocuments.TRAJECTORY, vector, candidates(k, share));
            score(leaf, docs, query, without, found);
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

    private int[] nearest(LeafReader leaf, String field, float[] vector, int candidates) throws IOException {
        AcceptDocs live = AcceptDocs.fromLiveDocs(leaf.getLiveDocs(), leaf.maxDoc());
        TopDocs top = leaf.searchNearestVectors(field, vector, candidates, live, Integer.MAX_VALUE);
        int[] docs = new int[top.scoreDocs.length];
        for (int i = 0; i < docs.length; i++) {
            ScoreDoc scored = top.scoreDocs[i];
            docs[i] = scored.doc;
        }
        Arrays.sort(docs);
        return docs;
    }

    private void score(LeafReader leaf, int[] docs, MapQuery query, Set<Long> without, FoundMaps found)
            throws IOException {
        MapShape shape = documents.shape();
        BinaryDocValues embeddings = DocValues.getBinary(leaf, MapDocuments.EMBEDDING);
        BinaryDocValues probabilities = DocValues.getBinary(leaf, MapDocuments.PROBABILITIES);
        BinaryDocValues continuations = DocValues.getBinary(leaf, MapDocuments.CONTINUATION);
        BytesRef none = new BytesRef();
        for (int doc : docs) {
            BytesRef embedding = query.hasEmbedding()
                    ? MapDocuments.halves(embeddings, MapDocuments.EMBEDDING, doc, shape.embeddingLength())
                    : none;
            BytesRef map =
                    MapDocuments.halves(probabilities, MapDocuments.PROBABILITIES, doc, shape.probabilityCount());
            float score = query.score(embedding, map);
            if (!found.wants(score)) {
                continue;
            }
            long id = MapDocuments.number(leaf, MapDocuments.ID, doc);
            if (!without.contains(id) && !found.has(id)) {
                byte[] copy = Arrays.copyOfRange(map.bytes, map.offset, map.offset + map.length);
                found.add(new FoundMaps.Found(
                        id,
                        score,
                        copy,
                        MapDocuments.continuation(continuations, doc),
                        MapDocuments.origin(leaf, doc)));
            }
        }
    }
}
