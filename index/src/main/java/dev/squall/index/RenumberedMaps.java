package dev.squall.index;

import java.io.IOException;
import org.apache.lucene.codecs.DocValuesProducer;
import org.apache.lucene.codecs.FieldsProducer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.DocValuesSkipper;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.FilterCodecReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.SortedDocValues;
import org.apache.lucene.index.SortedNumericDocValues;
import org.apache.lucene.index.SortedSetDocValues;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.util.Bits;

/**
 * A segment of one index as it goes into another: all but the numbers of maps and conversations is its own, graphs too.
 * The numbers are those of a second segment, in memory, with the same documents.
 */
final class RenumberedMaps extends FilterCodecReader {
    private static final double NUMBERS_MB_MAX = 1024;

    private final Bits kept;
    private final int keptCount;
    private final long oldest;
    private long greatestId;
    private long greatestConversation;
    private final DirectoryReader opened;
    private final CodecReader numbers;

    /**
     * @param kept the maps that go over
     * @param firstId what is added to the numbers of maps
     * @param lastConversation what is added to the numbers of conversations
     */
    RenumberedMaps(CodecReader segment, Bits kept, int keptCount, long firstId, long lastConversation)
            throws IOException {
        super(segment);
        this.kept = kept;
        this.keptCount = keptCount;
        oldest = MapDocuments.number(segment, MapDocuments.ID, 0);
        ByteBuffersDirectory memory = new ByteBuffersDirectory();
        NumericDocValues ids = DocValues.getNumeric(segment, MapDocuments.ID);
        NumericDocValues conversations = DocValues.getNumeric(segment, MapDocuments.CONVERSATION);
        try (IndexWriter writer = new IndexWriter(memory, new IndexWriterConfig().setRAMBufferSizeMB(NUMBERS_MB_MAX))) {
            for (int doc = 0; doc < segment.maxDoc(); doc++) {
                long id = firstId + MapDocuments.number(ids, MapDocuments.ID, doc);
                long conversation =
                        lastConversation + MapDocuments.number(conversations, MapDocuments.CONVERSATION, doc);
                greatestId = Math.max(greatestId, id);
                greatestConversation = Math.max(greatestConversation, conversation);
                Document document = new Document();
                document.add(new StringField(MapDocuments.ID, Long.toString(id), Field.Store.NO));
                document.add(new NumericDocValuesField(MapDocuments.ID, id));
                document.add(new NumericDocValuesField(MapDocuments.CONVERSATION, conversation));
                writer.addDocument(document);
            }
        }
        opened = DirectoryReader.open(memory);
        if (opened.leaves().size() != 1 || !(opened.leaves().getFirst().reader() instanceof CodecReader only)) {
            throw new IOException("numbers of " + segment.maxDoc() + " maps in "
                    + opened.leaves().size() + " segments, expected one");
        }
        numbers = only;
    }

    /** The number, before, of the first map. */
    long oldest() {
        return oldest;
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
        return numbers.getPostingsReader();
    }

    @Override
    public DocValuesProducer getDocValuesReader() {
        return new Columns(in.getDocValuesReader(), numbers);
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
    protected void doClose() throws IOException {
        opened.close();
    }

    /** The columns of a segment, but for two. */
    private static final class Columns extends DocValuesProducer {
        private final DocValuesProducer own;
        private final CodecReader numbers;

        Columns(DocValuesProducer own, CodecReader numbers) {
            this.own = own;
            this.numbers = numbers;
        }

        @Override
        public NumericDocValues getNumeric(FieldInfo field) throws IOException {
            FieldInfo replaced = numbers.getFieldInfos().fieldInfo(field.name);
            return replaced == null
                    ? own.getNumeric(field)
                    : numbers.getDocValuesReader().getNumeric(replaced);
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
            // Both are closed by their readers.
        }
    }
}
