package dev.squall.index;

import java.io.IOException;
import java.util.Set;
import org.apache.lucene.codecs.DocValuesProducer;
import org.apache.lucene.codecs.FieldsProducer;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.DocValuesSkipper;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.FilterCodecReader;
import org.apache.lucene.index.FilterNumericDocValues;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.SortedDocValues;
import org.apache.lucene.index.SortedNumericDocValues;
import org.apache.lucene.index.SortedSetDocValues;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.FixedBitSet;

/** A segment of one index as it goes into another: all but the numbers of maps and conversations is its own, graphs too. */
final class RenumberedMaps extends FilterCodecReader implements Incoming {
    private final FixedBitSet kept;
    private int keptCount;
    private final long oldest;
    private final long greatestId;
    private final long greatestConversation;
    private final long firstId;
    private final long lastConversation;
    private final long[] numbers;

    /**
     * @param kept the maps that go over
     * @param firstId what is added to the numbers of maps
     * @param lastConversation what is added to the numbers of conversations
     */
    RenumberedMaps(CodecReader segment, FixedBitSet kept, long firstId, long lastConversation) throws IOException {
        super(segment);
        this.kept = kept;
        this.firstId = firstId;
        this.lastConversation = lastConversation;
        keptCount = kept.cardinality();
        NumericDocValues ids = DocValues.getNumeric(segment, MapDocuments.ID);
        numbers = new long[segment.maxDoc()];
        for (int doc = 0; doc < numbers.length; doc++) {
            numbers[doc] = firstId + MapDocuments.number(ids, MapDocuments.ID, doc);
        }
        oldest = numbers[0] - firstId;
        greatestId = firstId + MapColumns.greatest(segment, MapDocuments.ID);
        greatestConversation = lastConversation + MapColumns.greatest(segment, MapDocuments.CONVERSATION);
    }

    /** The number, before, of the first map. */
    long oldest() {
        return oldest;
    }

    @Override
    public void leave(Set<Long> ids) {
        for (int doc = 0; doc < numbers.length; doc++) {
            if (kept.get(doc) && ids.contains(numbers[doc])) {
                kept.clear(doc);
                keptCount--;
            }
        }
    }

    /** Whether so many stay behind that graphs of the rest are better made afterwards. */
    boolean losesGraphs() {
        return !SegmentGraphs.areWorthTaking(this);
    }

    long greatestId() {
        return greatestId;
    }

    long greatestConversation() {
        return greatestConversation;
    }

    @Override
    public Bits getLiveDocs() {
        return kept;
    }

    @Override
    public int numDocs() {
        return keptCount;
    }

    /** Only the numbers of maps are terms. */
    @Override
    public FieldsProducer getPostingsReader() {
        return new NumberTerms(MapDocuments.ID, numbers, kept);
    }

    @Override
    public DocValuesProducer getDocValuesReader() {
        return new Columns(in.getDocValuesReader());
    }

    @Override
    public CacheHelper getCoreCacheHelper() {
        return in.getCoreCacheHelper();
    }

    @Override
    public CacheHelper getReaderCacheHelper() {
        return in.getReaderCacheHelper();
    }

    @Override
    protected void doClose() {
        // The segment belongs to its own index.
    }

    /** The columns of a segment, but for two. */
    private final class Columns extends DocValuesProducer {
        private final DocValuesProducer own;

        Columns(DocValuesProducer own) {
            this.own = own;
        }

        @Override
        public NumericDocValues getNumeric(FieldInfo field) throws IOException {
            NumericDocValues before = own.getNumeric(field);
            return switch (field.name) {
                case MapDocuments.ID -> new Moved(before, firstId);
                case MapDocuments.CONVERSATION -> new Moved(before, lastConversation);
                default -> before;
            };
        }

        @Override
        public BinaryDocValues getBinary(FieldInfo field) throws IOException {
            return own.getBinary(field);
        }

        @Override
        public SortedDocValues getSorted(FieldInfo field) throws IOException {
            return own.getSorted(field);
        }

        @Override
        public SortedNumericDocValues getSortedNumeric(FieldInfo field) throws IOException {
            return own.getSortedNumeric(field);
        }

        @Override
        public SortedSetDocValues getSortedSet(FieldInfo field) throws IOException {
            return own.getSortedSet(field);
        }

        @Override
        public DocValuesSkipper getSkipper(FieldInfo field) throws IOException {
            return own.getSkipper(field);
        }

        @Override
        public void checkIntegrity() throws IOException {
            own.checkIntegrity();
        }

        @Override
        public void close() {
            // The segment's reader closes them.
        }
    }

    /** Numbers with another one added. */
    private static final class Moved extends FilterNumericDocValues {
        private final long added;

        Moved(NumericDocValues before, long added) {
            super(before);
            this.added = added;
        }

        @Override
        public long longValue() throws IOException {
            return super.longValue() + added;
        }
    }
}
