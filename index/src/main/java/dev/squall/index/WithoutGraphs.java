package dev.squall.index;

import java.io.IOException;
import org.apache.lucene.codecs.KnnVectorsReader;
import org.apache.lucene.index.ByteVectorValues;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.FilterCodecReader;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.search.AcceptDocs;
import org.apache.lucene.search.KnnCollector;

/** A segment of which nobody takes over the graphs. */
final class WithoutGraphs extends FilterCodecReader {
    WithoutGraphs(CodecReader segment) {
        super(segment);
    }

    @Override
    public KnnVectorsReader getVectorReader() {
        return new Vectors(in.getVectorReader());
    }

    @Override
    public CacheHelper getCoreCacheHelper() {
        return in.getCoreCacheHelper();
    }

    @Override
    public CacheHelper getReaderCacheHelper() {
        return in.getReaderCacheHelper();
    }

    /** The vectors of another reader, which owns them. */
    private static final class Vectors extends KnnVectorsReader {
        private final KnnVectorsReader own;

        Vectors(KnnVectorsReader own) {
            this.own = own;
        }

        @Override
        public FloatVectorValues getFloatVectorValues(String field) throws IOException {
            return own.getFloatVectorValues(field);
        }

        @Override
        public ByteVectorValues getByteVectorValues(String field) throws IOException {
            return own.getByteVectorValues(field);
        }

        @Override
        public void search(String field, float[] target, KnnCollector collector, AcceptDocs accepted)
                throws IOException {
            own.search(field, target, collector, accepted);
        }

        @Override
        public void search(String field, byte[] target, KnnCollector collector, AcceptDocs accepted)
                throws IOException {
            own.search(field, target, collector, accepted);
        }

        @Override
        public KnnVectorsReader getMergeInstance() throws IOException {
            return new Vectors(own.getMergeInstance());
        }

        @Override
        public void finishMerge() throws IOException {
            own.finishMerge();
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
}
