package dev.squall.index;

import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import java.io.IOException;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.util.BytesRef;

/** The fields of one segment's maps, opened once and read from the first document to the last. For one thread. */
final class MapColumns {
    private final MapShape shape;
    private final MapDocuments.Origins origins;
    private final NumericDocValues ids;
    private final BinaryDocValues embeddings;
    private final BinaryDocValues probabilities;
    private final BinaryDocValues continuations;

    MapColumns(LeafReader leaf, MapShape shape) throws IOException {
        this.shape = shape;
        origins = new MapDocuments.Origins(leaf);
        ids = DocValues.getNumeric(leaf, MapDocuments.ID);
        embeddings = DocValues.getBinary(leaf, MapDocuments.EMBEDDING);
        probabilities = DocValues.getBinary(leaf, MapDocuments.PROBABILITIES);
        continuations = DocValues.getBinary(leaf, MapDocuments.CONTINUATION);
    }

    /** Of a field's numbers, replaced maps included; -1 if there are none. */
    static long greatest(LeafReader leaf, String field) throws IOException {
        long greatest = -1;
        NumericDocValues numbers = leaf.getNumericDocValues(field);
        while (numbers != null && numbers.nextDoc() != NumericDocValues.NO_MORE_DOCS) {
            greatest = Math.max(greatest, numbers.longValue());
        }
        return greatest;
    }

    /** The same of a whole index. */
    static long greatest(IndexReader index, String field) throws IOException {
        long greatest = -1;
        for (LeafReaderContext context : index.leaves()) {
            greatest = Math.max(greatest, greatest(context.reader(), field));
        }
        return greatest;
    }

    long id(int doc) throws IOException {
        return MapDocuments.number(ids, MapDocuments.ID, doc);
    }

    MapOrigin origin(int doc) throws IOException {
        return origins.of(doc);
    }

    MapIdentity identity(int doc) throws IOException {
        return MapIdentity.of(origin(doc), probabilityHalves(doc));
    }

    /** L x J halves, valid until the next document is read. */
    BytesRef probabilityHalves(int doc) throws IOException {
        return MapDocuments.halves(probabilities, MapDocuments.PROBABILITIES, doc, shape.probabilityCount());
    }

    /** Everything, in arrays of its own. */
    StoredMap map(int doc) throws IOException {
        BytesRef embedding = MapDocuments.halves(embeddings, MapDocuments.EMBEDDING, doc, shape.embeddingLength());
        return new StoredMap(
                id(doc),
                origin(doc),
                floats(embedding, shape.embeddingLength()),
                floats(probabilityHalves(doc), shape.probabilityCount()),
                MapDocuments.continuation(continuations, doc));
    }

    private static float[] floats(BytesRef bytes, int count) {
        float[] numbers = new float[count];
        HalfFloats.decode(bytes.bytes, bytes.offset, 0, count, numbers, 0);
        return numbers;
    }
}
