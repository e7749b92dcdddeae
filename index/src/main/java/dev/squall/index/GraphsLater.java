package dev.squall.index;

import java.io.IOException;
import java.util.concurrent.ForkJoinPool;
import java.util.function.BooleanSupplier;
import org.apache.lucene.codecs.Codec;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.KnnVectorsReader;
import org.apache.lucene.codecs.KnnVectorsWriter;
import org.apache.lucene.codecs.lucene104.Lucene104Codec;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.index.SegmentReadState;
import org.apache.lucene.index.SegmentWriteState;
import org.apache.lucene.store.IOContext;

/**
 * Writes new maps without graphs, so that they are in an index as soon as they are in a file; who writes a segment anew
 * makes its graphs. Files and names are those of Lucene's own format, which reads them.
 */
final class GraphsLater extends KnnVectorsFormat {
    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    /** Maps of a graph that several threads make sooner than one. */
    private static final int TOGETHER_LEAST = 4096;

    private static final KnnVectorsFormat WITH_GRAPHS = format(SegmentGraphs.THRESHOLD, 1);

    /** One graph on all processors. */
    private static final KnnVectorsFormat TOGETHER = format(SegmentGraphs.THRESHOLD, Math.max(2, THREADS));

    /** Takes every segment for one that is too small for a graph. */
    private static final KnnVectorsFormat WITHOUT_GRAPHS = format(Integer.MAX_VALUE, 1);

    private final BooleanSupplier areWanted;

    private GraphsLater(BooleanSupplier areWanted) {
        super(WITH_GRAPHS.getName());
        this.areWanted = areWanted;
    }

    private static KnnVectorsFormat format(int threshold, int threads) {
        return new Lucene99HnswVectorsFormat(
                Lucene99HnswVectorsFormat.DEFAULT_MAX_CONN,
                Lucene99HnswVectorsFormat.DEFAULT_BEAM_WIDTH,
                threads,
                threads == 1 ? null : ForkJoinPool.commonPool(),
                threshold);
    }

    /** Lucene's codec for a writer beside an engine, whose merges make graphs, each on its own thread. */
    static Codec besideAnEngine() {
        return codec(WITH_GRAPHS);
    }

    /**
     * Lucene's codec, but for that.
     *
     * @param areWanted whether what is written anew now gets graphs
     */
    static Codec codec(BooleanSupplier areWanted) {
        return codec(new GraphsLater(areWanted));
    }

    private static Codec codec(KnnVectorsFormat format) {
        return new Lucene104Codec() {
            @Override
            public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
                return format;
            }
        };
    }

    @Override
    public KnnVectorsWriter fieldsWriter(SegmentWriteState state) throws IOException {
        boolean isWrittenAnew = state.context.context() == IOContext.Context.MERGE;
        if (!isWrittenAnew || !areWanted.getAsBoolean()) {
            return WITHOUT_GRAPHS.fieldsWriter(state);
        }
        boolean isLarge = THREADS > 1 && state.segmentInfo.maxDoc() >= TOGETHER_LEAST;
        return (isLarge ? TOGETHER : WITH_GRAPHS).fieldsWriter(state);
    }

    @Override
    public KnnVectorsReader fieldsReader(SegmentReadState state) throws IOException {
        return WITH_GRAPHS.fieldsReader(state);
    }

    @Override
    public int getMaxDimensions(String field) {
        return WITH_GRAPHS.getMaxDimensions(field);
    }
}
