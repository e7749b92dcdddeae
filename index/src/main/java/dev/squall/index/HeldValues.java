package dev.squall.index;

import java.util.function.Function;
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
    private final HeldMaps maps;

    HeldValues(HeldMaps maps) {
        this.maps = maps;
    }

    @Override
    public NumericDocValues getNumeric(FieldInfo field) {
        return new Numbers(maps.numbers(field.name));
    }

    @Override
    public BinaryDocValues getBinary(FieldInfo field) {
        int count = maps.maxDoc();
        return switch (field.name) {
            case MapDocuments.EMBEDDING -> new Bytes(count, doc -> true, rows(HeldColumns::embeddings));
            case MapDocuments.PROBABILITIES -> new Bytes(count, doc -> true, rows(HeldColumns::probabilities));
            case MapDocuments.CONTINUATION ->
                new Bytes(count, doc -> continuation(doc).length > 0, doc -> new BytesRef(continuation(doc)));
            default -> throw new IllegalArgumentException("field " + field.name + " has no bytes");
        };
    }

    private IntFunction<BytesRef> rows(Function<HeldColumns, HeldColumns.Rows> column) {
        BytesRef row = new BytesRef(new byte[column.apply(maps.columnsOf(0)).length()]);
        return doc -> {
            column.apply(maps.columnsOf(doc)).get(maps.rowOf(doc), row.bytes);
            return row;
        };
    }

    private byte[] continuation(int doc) {
        return maps.columnsOf(doc).continuation(maps.rowOf(doc));
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
        private int doc = -1;

        Numbers(long[] column) {
            this.column = column;
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
            doc = target < column.length ? target : NO_MORE_DOCS;
            return doc;
        }

        @Override
        public long cost() {
            return column.length;
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
