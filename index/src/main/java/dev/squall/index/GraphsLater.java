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

    private static final Lucene99HnswVectorsFormat WITH_GRAPHS = new Lucene99HnswVectorsFormat();

    /** Maps of a graph that several threads make sooner than one. */
    private static final int TOGETHER_LEAST = 4096;

    /** One graph on all processors. */
    private static final Lucene99HnswVectorsFormat TOGETHER = new Lucene99HnswVectorsFormat(
            Lucene99HnswVectorsFormat.DEFAULT_MAX_CONN,
            Lucene99HnswVectorsFormat.DEFAULT_BEAM_WIDTH,
            Math.max(2, THREADS),
            ForkJoinPool.commonPool());

    /** Takes every segment for one that is too small for a graph. */
    private static final Lucene99HnswVectorsFormat WITHOUT_GRAPHS = new Lucene99HnswVectorsFormat(
            Lucene99HnswVectorsFormat.DEFAULT_MAX_CONN,
            Lucene99HnswVectorsFormat.DEFAULT_BEAM_WIDTH,
            Lucene99HnswVectorsFormat.DEFAULT_NUM_MERGE_WORKER,
            null,
            Integer.MAX_VALUE);

    private final BooleanSupplier areWanted;

    private GraphsLater(BooleanSupplier areWanted) {
        super(WITH_GRAPHS.getName());
        this.areWanted = areWanted;
    }

    /**
     * Lucene's codec, but for that.
     *
     * @param areWanted whether what is written anew now gets graphs
     */
    static Codec codec(BooleanSupplier areWanted) {
        KnnVectorsFormat format = new GraphsLater(areWanted);
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
