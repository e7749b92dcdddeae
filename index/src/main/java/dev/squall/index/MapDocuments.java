package dev.squall.index;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import dev.squall.predict.Phase;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.util.BytesRef;

/**
 * Expert maps as Lucene documents: two vectors that graphs are made of, the map itself as half-precision floats, and where
 * it comes from. Only stock formats, so that any tool for Lucene indexes reads them.
 */
final class MapDocuments {
    /** The number of a map, as a term and as a number. */
    static final String ID = "id";

    /** The projected embedding. */
    static final String SEMANTIC = "semantic";

    /** The projected layers of the map, each at unit length. */
    static final String TRAJECTORY = "trajectory";

    /** h halves: the embedding at unit length. */
    static final String EMBEDDING = "embedding";

    /** L x J halves. */
    static final String PROBABILITIES = "probabilities";

    /** A {@link dev.squall.predict.Continuation}; not there where it is not known. */
    static final String CONTINUATION = "continuation";

    static final String TIME = "time";
    static final String PHASE = "phase";
    static final String POSITION = "position";
    static final String CONVERSATION = "conversation";
    static final String HITS = "hits";
    static final String MISSES = "misses";

    /** The fields that are a number a map. */
    static final List<String> NUMBERS = List.of(ID, TIME, PHASE, POSITION, CONVERSATION, HITS, MISSES);

    /** How far equal embeddings are moved apart, as a share of their length. */
    private static final double APART = 0.1;

    private final MapShape shape;
    private final Projection semantic;
    private final Projection trajectory;

    MapDocuments(MapShape shape) {
        this.shape = shape;
        semantic = new Projection(1, shape.embeddingLength());
        trajectory = new Projection(shape.layerCount(), shape.expertCount());
    }

    MapShape shape() {
        return shape;
    }

    /** The vector that finds embeddings like one of unit length. */
    float[] semanticVector(float[] unitEmbedding) {
        return semantic.project(unitEmbedding, 1);
    }

    /** The vector of a map that finds embeddings like its own, of unit length. */
    float[] semanticVector(float[] unitEmbedding, long id) {
        return apart(semanticVector(unitEmbedding), id);
    }

    /** Whether vectors of trajectories are the maps' own layers, so that they tell exactly how alike two of them are. */
    boolean hasWholeTrajectories() {
        return trajectory.keepsAll();
    }

    /** The vector that finds maps whose first layers are like these. */
    float[] trajectoryVector(float[] directions, int layers) {
        return trajectory.project(directions, layers);
    }

    /** The vector of a whole map, L x J; layers of which rounding has left nothing are zero. */
    float[] trajectoryVector(float[] probabilities) {
        for (int from = 0; from < probabilities.length; from += shape.expertCount()) {
            float length = MapVectors.length(probabilities, from, shape.expertCount());
            float factor = length == 0 ? 0 : 1 / length;
            for (int i = from; i < from + shape.expertCount(); i++) {
                probabilities[i] *= factor;
            }
        }
        return trajectoryVector(probabilities, shape.layerCount());
    }

    /** How long the vectors of a field are. */
    int dimensions(String field) {
        return field.equals(SEMANTIC) ? semantic.dimensions() : trajectory.dimensions();
    }

    Document document(long id, ExpertMap map) {
        float[] unit = MapVectors.unitEmbedding(shape, map.embedding());
        float[] directions = MapVectors.directions(shape, map.probabilities(), shape.layerCount());
        MapOrigin origin = map.origin();
        Document document = new Document();
        document.add(new StringField(ID, Long.toString(id), Field.Store.NO));
        document.add(new NumericDocValuesField(ID, id));
        document.add(new KnnFloatVectorField(SEMANTIC, semanticVector(unit, id), VectorSimilarityFunction.DOT_PRODUCT));
        document.add(new KnnFloatVectorField(
                TRAJECTORY, trajectoryVector(directions, shape.layerCount()), VectorSimilarityFunction.DOT_PRODUCT));
        document.add(new BinaryDocValuesField(EMBEDDING, new BytesRef(PackedMap.unitHalves(map.embedding(), unit))));
        document.add(new BinaryDocValuesField(PROBABILITIES, new BytesRef(HalfFloats.encode(map.probabilities()))));
        if (map.continuation().length > 0) {
            document.add(new BinaryDocValuesField(CONTINUATION, new BytesRef(map.continuation())));
        }
        document.add(new NumericDocValuesField(TIME, origin.epochMillis()));
        document.add(new NumericDocValuesField(PHASE, origin.phase().code()));
        document.add(new NumericDocValuesField(POSITION, origin.position()));
        document.add(new NumericDocValuesField(CONVERSATION, origin.conversation()));
        document.add(new NumericDocValuesField(HITS, origin.hits()));
        document.add(new NumericDocValuesField(MISSES, origin.misses()));
        return document;
    }

    /**
     * The vector a little off, each time in another direction: the same token gives the same embedding again and again,
     * and a graph of equal vectors falls apart. What is found is scored by the embedding itself.
     */
    private static float[] apart(float[] vector, long id) {
        SplittableRandom random = new SplittableRandom(id);
        float[] noisy = vector.clone();
        float deviation = (float) (APART / Math.sqrt(noisy.length));
        double squares = 0;
        long signs = 0;
        for (int i = 0; i < noisy.length; i++) {
            signs = i % Long.SIZE == 0 ? random.nextLong() : signs << 1;
            noisy[i] += Math.copySign(deviation, (float) signs);
            squares += (double) noisy[i] * noisy[i];
        }
        float factor = (float) (1 / Math.sqrt(squares));
        for (int i = 0; i < noisy.length; i++) {
            noisy[i] *= factor;
        }
        return noisy;
    }

    /** Where the maps of a segment's documents come from, read in the order of the documents. */
    static final class Origins {
        private final NumericDocValues time;
        private final NumericDocValues phase;
        private final NumericDocValues position;
        private final NumericDocValues conversation;
        private final NumericDocValues hits;
        private final NumericDocValues misses;

        Origins(LeafReader leaf) throws IOException {
            time = DocValues.getNumeric(leaf, TIME);
            phase = DocValues.getNumeric(leaf, PHASE);
            position = DocValues.getNumeric(leaf, POSITION);
            conversation = DocValues.getNumeric(leaf, CONVERSATION);
            hits = DocValues.getNumeric(leaf, HITS);
            misses = DocValues.getNumeric(leaf, MISSES);
        }

        MapOrigin of(int doc) throws IOException {
            return new MapOrigin(
                    number(time, TIME, doc),
                    Phase.ofCode((int) number(phase, PHASE, doc)),
                    (int) number(position, POSITION, doc),
                    number(conversation, CONVERSATION, doc),
                    (int) number(hits, HITS, doc),
                    (int) number(misses, MISSES, doc));
        }
    }

    /** Where the map of a document comes from. */
    static MapOrigin origin(LeafReader leaf, int doc) throws IOException {
        return new Origins(leaf).of(doc);
    }

    /** What followed the map of a document, copied; empty if that is not known. */
    static byte[] continuation(BinaryDocValues continuations, int doc) throws IOException {
        if (!continuations.advanceExact(doc)) {
            return new byte[0];
        }
        BytesRef bytes = continuations.binaryValue();
        return Arrays.copyOfRange(bytes.bytes, bytes.offset, bytes.offset + bytes.length);
    }

    static long number(LeafReader leaf, String field, int doc) throws IOException {
        return number(DocValues.getNumeric(leaf, field), field, doc);
    }

    static long number(NumericDocValues values, String field, int doc) throws IOException {
        if (!values.advanceExact(doc)) {
            throw new IOException("document " + doc + " has no field '" + field + "'");
        }
        return values.longValue();
    }

    /** A field's numbers, in bytes that the reader may use again. */
    static BytesRef halves(BinaryDocValues values, String field, int doc, int count) throws IOException {
        if (!values.advanceExact(doc)) {
            throw new IOException("document " + doc + " has no field '" + field + "'");
        }
        BytesRef bytes = values.binaryValue();
        if (bytes.length != 2 * count) {
            throw new IOException("document " + doc + ": field '" + field + "' has " + bytes.length
                    + " bytes, expected " + 2 * count);
        }
        return bytes;
    }
}
