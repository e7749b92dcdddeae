package dev.squall.index;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.lucene.codecs.FieldsProducer;
import org.apache.lucene.index.BaseTermsEnum;
import org.apache.lucene.index.ImpactsEnum;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.SlowImpactsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/** The numbers of a segment's maps as the terms of one field, each of one document, in the order of their texts. */
final class NumberTerms extends FieldsProducer {
    private final String field;
    private final BytesRef[] terms;
    /** By term, the document. */
    private final int[] docs;

    /**
     * The terms of some documents.
     *
     * @param numbers by document, at least 0
     * @param kept the documents
     */
    NumberTerms(String field, long[] numbers, Bits kept) {
        this.field = field;
        List<Term> sorted = new ArrayList<>(numbers.length);
        for (int doc = 0; doc < numbers.length; doc++) {
            if (kept.get(doc)) {
                sorted.add(new Term(new BytesRef(Long.toString(numbers[doc])), doc));
            }
        }
        // Mostly in order already.
        sorted.sort(Comparator.comparing(Term::text));
        terms = sorted.stream().map(Term::text).toArray(BytesRef[]::new);
        docs = sorted.stream().mapToInt(Term::doc).toArray();
    }

    /** The terms of all documents. */
    NumberTerms(String field, long[] numbers) {
        this(field, numbers, new Bits.MatchAllBits(numbers.length));
    }

    private record Term(BytesRef text, int doc) {}

    @Override
    public Iterator<String> iterator() {
        return List.of(field).iterator();
    }

    @Override
    public @Nullable Terms terms(String name) {
        return name.equals(field) ? new OfField() : null;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public void checkIntegrity() {
        // They come from memory.
    }

    @Override
    public void close() {
        // Nothing is open.
    }

    private final class OfField extends Terms {
        @Override
        public TermsEnum iterator() {
            return new InOrder();
        }

        @Override
        public long size() {
            return terms.length;
        }

        @Override
        public long getSumTotalTermFreq() {
            return terms.length;
        }

        @Override
        public long getSumDocFreq() {
            return terms.length;
        }

        @Override
        public int getDocCount() {
            return terms.length;
        }

        @Override
        public boolean hasFreqs() {
            return false;
        }

        @Override
        public boolean hasOffsets() {
            return false;
        }

        @Override
        public boolean hasPositions() {
            return false;
        }

        @Override
        public boolean hasPayloads() {
            return false;
        }
    }

    private final class InOrder extends BaseTermsEnum {
        private int at = -1;

        @Override
        public @Nullable BytesRef next() {
            return ++at < terms.length ? terms[at] : null;
        }

        @Override
        public SeekStatus seekCeil(BytesRef text) {
            int found = Arrays.binarySearch(terms, text);
            at = found < 0 ? -found - 1 : found;
            if (at == terms.length) {
                return SeekStatus.END;
            }
            return found < 0 ? SeekStatus.NOT_FOUND : SeekStatus.FOUND;
        }

        @Override
        public void seekExact(long ord) {
            at = (int) ord;
        }

        @Override
        public BytesRef term() {
            return terms[at];
        }

        @Override
        public long ord() {
            return at;
        }

        @Override
        public int docFreq() {
            return 1;
        }

        @Override
        public long totalTermFreq() {
            return 1;
        }

        @Override
        public PostingsEnum postings(@Nullable PostingsEnum reuse, int flags) {
            return new OneDocument(docs[at]);
        }

        @Override
        public ImpactsEnum impacts(int flags) {
            return new SlowImpactsEnum(postings(null, flags));
        }
    }

    private static final class OneDocument extends PostingsEnum {
        private final DocIdSetIterator only;

        OneDocument(int doc) {
            only = DocIdSetIterator.range(doc, doc + 1);
        }

        @Override
        public int docID() {
            return only.docID();
        }

        @Override
        public int nextDoc() throws IOException {
            return only.nextDoc();
        }

        @Override
        public int advance(int target) throws IOException {
            return only.advance(target);
        }

        @Override
        public long cost() {
            return 1;
        }

        @Override
        public int freq() {
            return 1;
        }

        @Override
        public int nextPosition() {
            return -1;
        }

        @Override
        public int startOffset() {
            return -1;
        }

        @Override
        public int endOffset() {
            return -1;
        }

        @Override
        public @Nullable BytesRef getPayload() {
            return null;
        }
    }
}
