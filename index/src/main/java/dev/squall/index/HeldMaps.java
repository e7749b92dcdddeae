package dev.squall.index;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.LongStream;
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
import org.apache.lucene.util.Version;
import org.jspecify.annotations.Nullable;

/**
 * Maps in memory, read as Lucene reads a segment: what is added to an index so needs no documents, and may be chosen from
 * before any of it is written. Vectors are made when they are asked for.
 */
final class HeldMaps extends CodecReader implements Incoming {
    private final MapDocuments documents;
    private final List<HeldColumns> columns;

    /** By document, which columns hold it, and above that its row there. */
    private long[] places;

    private final FieldInfos fields;

    private HeldMaps(List<HeldColumns> columns, long[] places) {
        this.columns = columns;
        this.places = places;
        documents = columns.getFirst().documents();
        fields = fields(documents, columns.stream().anyMatch(HeldColumns::isAnyContinued));
    }

    /** All maps of some columns, to which nothing is added from now on. */
    static HeldMaps of(HeldColumns columns) {
        return new HeldMaps(
                List.of(columns),
                LongStream.range(0, columns.count())
                        .map(row -> row << Integer.SIZE)
                        .toArray());
    }

    /** The same maps in so many segments, or fewer if there are not as many, alike in size. */
    static List<HeldMaps> divided(List<HeldMaps> segments, int count) {
        List<HeldColumns> columns = new ArrayList<>();
        LongStream.Builder all = LongStream.builder();
        for (HeldMaps segment : segments) {
            int before = columns.size();
            columns.addAll(segment.columns);
            Arrays.stream(segment.places).map(place -> place + before).forEach(all);
        }
        long[] places = all.build().toArray();
        List<HeldMaps> divided = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int from = (int) ((long) places.length * i / count);
            int to = (int) ((long) places.length * (i + 1) / count);
            if (to > from) {
                divided.add(new HeldMaps(columns, Arrays.copyOfRange(places, from, to)));
            }
        }
        return divided;
    }

    @Override
    public void leave(Set<Long> ids) {
        places = Arrays.stream(places)
                .filter(place -> !ids.contains(columns((int) place).column(MapDocuments.ID)[row(place)]))
                .toArray();
    }

    @Override
    protected void doClose() {
        columns.forEach(HeldColumns::close);
    }

    private HeldColumns columns(int number) {
        return columns.get(number);
    }

    private static int row(long place) {
        return (int) (place >>> Integer.SIZE);
    }

    /** The columns that hold a document. */
    HeldColumns columnsOf(int doc) {
        return columns((int) places[doc]);
    }

    /** Where a document is in its columns. */
    int rowOf(int doc) {
        return row(places[doc]);
    }

    /** By document, the number of a field. */
    long[] numbers(String field) {
        long[] numbers = new long[places.length];
        for (int doc = 0; doc < numbers.length; doc++) {
            numbers[doc] = columnsOf(doc).column(field)[rowOf(doc)];
        }
        return numbers;
    }

    MapDocuments documents() {
        return documents;
    }

    /** As documents of {@link MapDocuments} have them. */
    private static FieldInfos fields(MapDocuments documents, boolean isAnyContinued) {
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
        if (isAnyContinued) {
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
    public @Nullable Bits getLiveDocs() {
        return null;
    }

    @Override
    public int numDocs() {
        return places.length;
    }

    @Override
    public int maxDoc() {
        return places.length;
    }

    @Override
    public LeafMetaData getMetaData() {
        return new LeafMetaData(Version.LATEST.major, Version.LATEST, null, false);
    }

    @Override
    public HeldValues getDocValuesReader() {
        return new HeldValues(this);
    }

    @Override
    public FieldsProducer getPostingsReader() {
        return new NumberTerms(MapDocuments.ID, numbers(MapDocuments.ID));
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
                    new OfField(
                            documents.dimensions(field), doc -> columnsOf(doc).semanticVector(rowOf(doc)));
                case MapDocuments.TRAJECTORY ->
                    new OfField(
                            documents.dimensions(field), doc -> columnsOf(doc).trajectoryVector(rowOf(doc)));
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
