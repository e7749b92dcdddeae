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
    private final MapDocuments documents;
    private final int semanticMin;
    private final int trajectoryMin;

    /**
     * How many maps each segment's graph is asked for at least: more of them, better recall.
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
            search(context.reader(), query, k, without, found);
        }
    }

    /** The same in one segment. */
    void search(LeafReader leaf, MapQuery query, int k, Set<Long> without, FoundMaps found) throws IOException {
        if (query.hasEmbedding()) {
            float[] vector = query.semanticVector(documents);
            score(leaf, nearest(leaf, MapDocuments.SEMANTIC, vector, Math.max(k, semanticMin)), query, without, found);
        }
        if (query.hasTrajectory()) {
            float[] vector = query.trajectoryVector(documents);
            score(
                    leaf,
                    nearest(leaf, MapDocuments.TRAJECTORY, vector, Math.max(k, trajectoryMin)),
                    query,
                    without,
                    found);
        }
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
