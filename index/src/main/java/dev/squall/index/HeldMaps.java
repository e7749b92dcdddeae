package dev.squall.index;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import org.apache.lucene.codecs.FieldsProducer;
import org.apache.lucene.codecs.KnnVectorsReader;
import org.apache.lucene.codecs.NormsProducer;
import org.apache.lucene.codecs.PointsReader;
import org.apache.lucene.codecs.StoredFieldsReader;
import org.apache.lucene.codecs.TermVectorsReader;
import org.apache.lucene.index.ByteVectorValues;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DocValuesSkipIndexType;
import org.apache.lucene.index.DocValuesType;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.FieldInfos;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.LeafMetaData;
import org.apache.lucene.index.StoredFieldVisitor;
import org.apache.lucene.index.VectorEncoding;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.AcceptDocs;
import org.apache.lucene.search.KnnCollector;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.FixedBitSet;
import org.apache.lucene.util.Version;
import org.jspecify.annotations.Nullable;

/**
 * Maps in memory, read as Lucene reads a segment: what is added to an index so needs no documents, and may be chosen from
 * before any of it is written. Vectors are made when they are asked for.
 */
final class HeldMaps extends CodecReader implements Incoming {
    private final HeldColumns columns;
    private final FixedBitSet kept;
    private final FieldInfos fields;
    private final NumberTerms terms;
    private int keptCount;

    /** @param columns to which nothing is added from now on */
    HeldMaps(HeldColumns columns) {
        this.columns = columns;
        keptCount = columns.count();
        kept = new FixedBitSet(columns.count());
        kept.set(0, columns.count());
        fields = fields(columns);
        terms = new NumberTerms(MapDocuments.ID, Arrays.copyOf(columns.column(MapDocuments.ID), columns.count()));
    }

    @Override
    public void leave(Set<Long> ids) {
        long[] numbers = columns.column(MapDocuments.ID);
        for (int doc = 0; doc < maxDoc(); doc++) {
            if (kept.get(doc) && ids.contains(numbers[doc])) {
                kept.clear(doc);
                keptCount--;
            }
        }
    }

    /** As documents of {@link MapDocuments} have them. */
    private static FieldInfos fields(HeldColumns columns) {
        MapDocuments documents = columns.documents();
        List<FieldInfo> fields = new ArrayList<>();
        for (String field : MapDocuments.NUMBERS) {
            boolean isTerm = field.equals(MapDocuments.ID);
            fields.add(field(
                    field, fields.size(), isTerm ? IndexOptions.DOCS : IndexOptions.NONE, DocValuesType.NUMERIC, 0));
        }
        for (String vector : List.of(MapDocuments.SEMANTIC, MapDocuments.TRAJECTORY)) {
            int dimensions = documents.dimensions(vector);
            fields.add(field(vector, fields.size(), IndexOptions.NONE, DocValuesType.NONE, dimensions));
        }
        fields.add(field(MapDocuments.EMBEDDING, fields.size(), IndexOptions.NONE, DocValuesType.BINARY, 0));
        fields.add(field(MapDocuments.PROBABILITIES, fields.size(), IndexOptions.NONE, DocValuesType.BINARY, 0));
        if (columns.isAnyContinued()) {
            fields.add(field(MapDocuments.CONTINUATION, fields.size(), IndexOptions.NONE, DocValuesType.BINARY, 0));
        }
        return new FieldInfos(fields.toArray(FieldInfo[]::new));
    }

    private static FieldInfo field(String name, int number, IndexOptions terms, DocValuesType values, int dimensions) {
        return new FieldInfo(
                name,
                number,
                false,
                terms != IndexOptions.NONE,
                false,
                terms,
                values,
                DocValuesSkipIndexType.NONE,
                -1,
                Map.of(),
                0,
                0,
                0,
                dimensions,
                VectorEncoding.FLOAT32,
                dimensions == 0 ? VectorSimilarityFunction.EUCLIDEAN : VectorSimilarityFunction.DOT_PRODUCT,
                false,
                false);
    }

    @Override
    public FieldInfos getFieldInfos() {
        return fields;
    }

    @Override
    public Bits getLiveDocs() {
        return kept;
    }

    @Override
    public int numDocs() {
        return keptCount;
    }

    @Override
    public int maxDoc() {
        return kept.length();
    }

    @Override
    public LeafMetaData getMetaData() {
        return new LeafMetaData(Version.LATEST.major, Version.LATEST, null, false);
    }

    @Override
    public HeldValues getDocValuesReader() {
        return new HeldValues(columns);
    }

    @Override
    public FieldsProducer getPostingsReader() {
        return terms;
    }

    @Override
    public KnnVectorsReader getVectorReader() {
        return new Vectors();
    }

    @Override
    public StoredFieldsReader getFieldsReader() {
        return new NothingStored();
    }

    @Override
    public @Nullable TermVectorsReader getTermVectorsReader() {
        return null;
    }

    @Override
    public @Nullable NormsProducer getNormsReader() {
        return null;
    }

    @Override
    public @Nullable PointsReader getPointsReader() {
        return null;
    }

    @Override
    public @Nullable CacheHelper getCoreCacheHelper() {
        return null;
    }

    @Override
    public @Nullable CacheHelper getReaderCacheHelper() {
        return null;
    }

    @Override
    public void checkIntegrity() {
        // Nothing was read from anywhere.
    }

    /** The vectors, which nobody searches here. */
    private final class Vectors extends KnnVectorsReader {
        @Override
        public FloatVectorValues getFloatVectorValues(String field) {
            return switch (field) {
                case MapDocuments.SEMANTIC ->
                    new OfField(columns.documents().dimensions(field), columns::semanticVector);
                case MapDocuments.TRAJECTORY ->
                    new OfField(columns.documents().dimensions(field), columns::trajectoryVector);
                default -> throw new IllegalArgumentException("field " + field + " has no vectors");
            };
        }

        @Override
        public ByteVectorValues getByteVectorValues(String field) {
            throw new UnsupportedOperationException("field " + field + " has vectors of floats");
        }

        @Override
        public void search(String field, float[] target, KnnCollector collector, AcceptDocs accepted) {
            throw new UnsupportedOperationException("maps in memory have no graphs");
        }

        @Override
        public void search(String field, byte[] target, KnnCollector collector, AcceptDocs accepted) {
            throw new UnsupportedOperationException("maps in memory have no graphs");
        }

        @Override
        public void checkIntegrity() {
            // Nothing was read from anywhere.
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }

    /** One vector a map. */
    private final class OfField extends FloatVectorValues {
        private final int dimensions;
        private final IntFunction<float[]> vectors;

        OfField(int dimensions, IntFunction<float[]> vectors) {
            this.dimensions = dimensions;
            this.vectors = vectors;
        }

        @Override
        public float[] vectorValue(int doc) {
            return vectors.apply(doc);
        }

        @Override
        public FloatVectorValues copy() {
            return this;
        }

        @Override
        public int dimension() {
            return dimensions;
        }

        @Override
        public int size() {
            return maxDoc();
        }

        @Override
        public DocIndexIterator iterator() {
            return createDenseIterator();
        }
    }

    /** Maps have no stored fields. */
    private static final class NothingStored extends StoredFieldsReader {
        @Override
        public StoredFieldsReader clone() {
            return new NothingStored();
        }

        @Override
        public void document(int doc, StoredFieldVisitor visitor) {
            // There is nothing to visit.
        }

        @Override
        public void checkIntegrity() {
            // Nothing was read from anywhere.
        }

        @Override
        public void close() throws IOException {
            // Nothing is open.
        }
    }
}
