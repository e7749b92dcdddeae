package dev.squall.index;

import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import org.apache.lucene.codecs.DocValuesProducer;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValuesSkipper;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.SortedDocValues;
import org.apache.lucene.index.SortedNumericDocValues;
import org.apache.lucene.index.SortedSetDocValues;
import org.apache.lucene.util.BytesRef;

/** The fields of maps in memory, but for their vectors. */
final class HeldValues extends DocValuesProducer {
    private final HeldColumns columns;

    HeldValues(HeldColumns columns) {
        this.columns = columns;
    }

    @Override
    public NumericDocValues getNumeric(FieldInfo field) {
        return new Numbers(columns.column(field.name), columns.count());
    }

    @Override
    public BinaryDocValues getBinary(FieldInfo field) {
        int count = columns.count();
        return switch (field.name) {
            case MapDocuments.EMBEDDING ->
                new Bytes(
                        count,
                        doc -> true,
                        rows(columns.embeddings(), 2 * columns.shape().embeddingLength()));
            case MapDocuments.PROBABILITIES ->
                new Bytes(
                        count,
                        doc -> true,
                        rows(columns.probabilities(), 2 * columns.shape().probabilityCount()));
            case MapDocuments.CONTINUATION ->
                new Bytes(
                        count,
                        doc -> columns.continuation(doc).length > 0,
                        doc -> new BytesRef(columns.continuation(doc)));
            default -> throw new IllegalArgumentException("field " + field.name + " has no bytes");
        };
    }

    /** As many bytes for each. */
    private static IntFunction<BytesRef> rows(byte[] all, int length) {
        BytesRef row = new BytesRef(all, 0, length);
        return doc -> {
            row.offset = doc * length;
            return row;
        };
    }

    @Override
    public SortedDocValues getSorted(FieldInfo field) {
        throw new UnsupportedOperationException("field " + field.name + " is not sorted");
    }

    @Override
    public SortedNumericDocValues getSortedNumeric(FieldInfo field) {
        throw new UnsupportedOperationException("field " + field.name + " is not sorted");
    }

    @Override
    public SortedSetDocValues getSortedSet(FieldInfo field) {
        throw new UnsupportedOperationException("field " + field.name + " is not sorted");
    }

    @Override
    public DocValuesSkipper getSkipper(FieldInfo field) {
        throw new UnsupportedOperationException("field " + field.name + " has no skipper");
    }

    @Override
    public void checkIntegrity() {
        // Nothing was read from anywhere.
    }

    @Override
    public void close() {
        // Nothing is open.
    }

    /** A number a map. */
    private static final class Numbers extends NumericDocValues {
        private final long[] column;
        private final int count;
        private int doc = -1;

        Numbers(long[] column, int count) {
            this.column = column;
            this.count = count;
        }

        @Override
        public long longValue() {
            return column[doc];
        }

        @Override
        public boolean advanceExact(int target) {
            doc = target;
            return true;
        }

        @Override
        public int docID() {
            return doc;
        }

        @Override
        public int nextDoc() {
            return advance(doc + 1);
        }

        @Override
        public int advance(int target) {
            doc = target < count ? target : NO_MORE_DOCS;
            return doc;
        }

        @Override
        public long cost() {
            return count;
        }
    }

    /** Bytes of all maps, or of some. */
    private static final class Bytes extends BinaryDocValues {
        private final int count;
        private final IntPredicate hasValue;
        private final IntFunction<BytesRef> values;
        private int doc = -1;

        Bytes(int count, IntPredicate hasValue, IntFunction<BytesRef> values) {
            this.count = count;
            this.hasValue = hasValue;
            this.values = values;
        }

        @Override
        public BytesRef binaryValue() {
            return values.apply(doc);
        }

        @Override
        public boolean advanceExact(int target) {
            doc = target;
            return hasValue.test(target);
        }

        @Override
        public int docID() {
            return doc;
        }

        @Override
        public int nextDoc() {
            return advance(doc + 1);
        }

        @Override
        public int advance(int target) {
            int next = target;
            while (next < count && !hasValue.test(next)) {
                next++;
            }
            doc = next < count ? next : NO_MORE_DOCS;
            return doc;
        }

        @Override
        public long cost() {
            return count;
        }
    }
}
