package dev.squall.index;

import java.io.IOException;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;

/**
 * What can be done after a commit: makes the graphs that segments lack, and gives back the room of maps that are gone. Each
 * segment is written anew and committed by itself, so whoever stops it loses what is under way and no map.
 */
final class SegmentUpkeep {
    private static final long COMMIT_MILLIS = 250;

    private final IndexWriter writer;
    private final SegmentBySegment policy;
    private final Set<String> withoutGraphs = new HashSet<>();
    private long maps;
    private boolean isDue;

    /** Sees what is due in what a writer holds, one that {@link SegmentBySegment} was given. */
    SegmentUpkeep(IndexWriter writer) throws IOException {
        this.writer = writer;
        if (!(writer.getConfig().getMergePolicy() instanceof SegmentBySegment bySegment)) {
            throw new IllegalArgumentException("a writer that does not write segment by segment");
        }
        policy = bySegment;
        try (DirectoryReader reader = DirectoryReader.open(writer)) {
            for (LeafReaderContext context : reader.leaves()) {
                LeafReader leaf = context.reader();
                boolean lacksGraphs = SegmentGraphs.areDue(leaf);
                if (lacksGraphs) {
                    withoutGraphs.add(SegmentGraphs.name(leaf));
                }
                if (lacksGraphs || leaf.hasDeletions()) {
                    isDue = true;
                    maps += leaf.numDocs();
                }
            }
        }
    }

    /** Whether any segment is to be written anew. */
    boolean isDue() {
        return isDue;
    }

    /** Maps in segments that are to be written anew. */
    long maps() {
        return maps;
    }

    /** @param progress hears of how many maps that was done */
    void run(LongConsumer progress) throws IOException {
        AtomicLong written = new AtomicLong();
        policy.tell(count -> progress.accept(written.addAndGet(count)));
        policy.makeGraphsOf(withoutGraphs);
        long committed = 0;
        try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
            Future<?> merges = executor.submit(() -> {
                writer.forceMergeDeletes();
                return null;
            });
            while (!isDone(merges)) {
                if (written.get() > committed) {
                    committed = written.get();
                    writer.commit();
                }
            }
        }
        writer.commit();
    }

    private static boolean isDone(Future<?> merges) throws IOException {
        try {
            merges.get(COMMIT_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException io) {
                // Lucene says which merge failed, and why in the cause.
                throw io.getCause() instanceof IOException why ? why : io;
            }
            throw new IOException(Objects.requireNonNull(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while segments were written", e);
        }
    }
}
