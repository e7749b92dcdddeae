package dev.squall.index;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Maps that were added to an index and are in no file yet. Any thread may add. */
final class UnwrittenMaps {
    /** Of maps in memory: beyond that they are written, and what goes for want of capacity goes afterwards. */
    private static final long BYTES_MAX = 216L << 20;

    /** Of maps that one thread adds together; room for them is taken at once. */
    private static final int COLUMNS_BYTES_MAX = 8 << 20;

    private final MapDocuments documents;
    private final KnownMaps known;
    private final int columnsMapsMax;

    /** Columns that a thread may add to, and those that are full. */
    private final Queue<HeldColumns> open = new ConcurrentLinkedQueue<>();

    private final Queue<HeldColumns> full = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    /** @param known what is not added again */
    UnwrittenMaps(MapDocuments documents, KnownMaps known) {
        this.documents = documents;
        this.known = known;
        columnsMapsMax = Math.max(1, COLUMNS_BYTES_MAX / HeldColumns.bytesOfMap(documents));
    }

    int count() {
        return count.get();
    }

    /** Whether so many are in memory that those in full columns are to be written. */
    boolean areTooMany() {
        return bytes.get() > BYTES_MAX;
    }

    /**
     * Adds those of some maps that the index has not.
     *
     * @param firstId number of the first, from which the others count on, those left out too
     * @param lastConversation what is added to the numbers of conversations
     * @return how many were added
     */
    int add(List<PackedMap> maps, long firstId, long lastConversation) {
        int added = 0;
        HeldColumns columns = columns();
        try {
            for (int i = 0; i < maps.size(); i++) {
                PackedMap map = maps.get(i);
                if (known.contains(map)) {
                    continue;
                }
                if (columns.isFull()) {
                    full.add(columns);
                    columns = columns();
                }
                columns.add(
                        firstId + i,
                        map.withConversation(lastConversation + map.origin().conversation()));
                added++;
            }
        } finally {
            (columns.isFull() ? full : open).add(columns);
        }
        count.addAndGet(added);
        bytes.addAndGet((long) HeldColumns.bytesOfMap(documents) * added
                + maps.stream().mapToLong(map -> map.continuation().length).sum());
        return added;
    }

    /** Columns with room, which are nobody else's. */
    private HeldColumns columns() {
        HeldColumns begun = open.poll();
        return begun == null ? new HeldColumns(documents, columnsMapsMax) : begun;
    }

    /** The columns that are full, which count as unwritten until {@link #wrote}. One thread at a time. */
    List<HeldColumns> takeFull() {
        List<HeldColumns> taken = List.copyOf(full);
        full.removeAll(taken);
        return taken;
    }

    void wrote(List<HeldColumns> taken) {
        for (HeldColumns columns : taken) {
            bytes.addAndGet(-columns.bytes());
            count.addAndGet(-columns.count());
        }
    }

    /** All maps, none of which is unwritten any longer. No thread may add meanwhile. */
    List<HeldMaps> takeAll() {
        List<HeldColumns> columns = new ArrayList<>(full);
        columns.addAll(open);
        full.clear();
        open.clear();
        bytes.set(0);
        count.set(0);
        return columns.parallelStream()
                .filter(some -> some.count() > 0)
                .map(HeldMaps::of)
                .toList();
    }
}
