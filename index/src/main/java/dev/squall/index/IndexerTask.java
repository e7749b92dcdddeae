package dev.squall.index;

import dev.squall.predict.ExpertMap;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** What the thread that indexes is asked to do. */
sealed interface IndexerTask {
    /** Indexes a map, which is among the recent ones already. */
    record Add(long id, ExpertMap map) implements IndexerTask {}

    /** Indexes maps that are not, numbered from {@code firstId} on. */
    record AddOffered(long firstId, List<ExpertMap> maps) implements IndexerTask {}

    /** Commits, and tells when it is done. */
    record Commit(CountDownLatch done) implements IndexerTask {}

    /** Commits and ends. */
    record Stop() implements IndexerTask {}
}
