package dev.squall.index;

import dev.squall.predict.ExpertMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.FixedBitSet;
import org.apache.lucene.util.IOUtils;

/**
 * Adds many maps to an index at once, or removes some, all of them or none. Those that are there already are left out. Any
 * thread may add single maps. They are searched without graphs until {@link #tidy} or the next writer has made these.
 */
public final class MapIndexWriter implements AutoCloseable {
    /** Fewer go into one segment, though two could be written at once. */
    private static final int SEGMENT_MAPS_LEAST = 4096;

    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    private final Path folder;
    private final MapIndex index;
    private final boolean isNewFolder;
    private final Directory directory;
    private final SegmentBySegment policy;
    private final IndexWriter writer;
    private final KnownMaps known;
    private final UnwrittenMaps unwritten;

    private volatile LongConsumer progress = maps -> {};
    private final AtomicLong handled = new AtomicLong();
    private volatile boolean makesGraphs = true;

    private long firstId;
    private long lastConversation;
    private int size;
    private boolean isCommitted;

    /**
     * What became of some maps.
     *
     * @param added are new, some of which may be among those replaced
     * @param known were there already, and are left out
     * @param replaced went because newer ones resemble them, of these and of those before
     */
    public record Added(int added, int known, int replaced) {}

    private MapIndexWriter(Path folder, MapIndex index, boolean isNewFolder, Directory directory) throws IOException {
        this.folder = folder;
        this.index = index;
        this.isNewFolder = isNewFolder;
        this.directory = directory;
        boolean exists = DirectoryReader.indexExists(directory);
        if (exists) {
            MapIndex.read(directory, folder).require(index, folder);
        }
        policy = new SegmentBySegment(this::step);
        writer = new IndexWriter(
                directory,
                policy.writing().setCodec(GraphsLater.codec(() -> makesGraphs)).setUseCompoundFile(false));
        known = new KnownMaps(writer, index.shape());
        unwritten = new UnwrittenMaps(new MapDocuments(index.shape()), known);
        try {
            writer.setLiveCommitData(index.commitData().entrySet());
            readNumbers();
        } catch (IOException | RuntimeException e) {
            writer.rollback();
            throw e;
        }
    }

    /**
     * Opens the index in a folder, or begins one.
     *
     * @throws MapIndexException if the folder holds something else, is damaged or in use
     */
    public static MapIndexWriter open(Path folder, MapIndex index) {
        MapIndex.quietenLucene();
        try {
            boolean isNewFolder = !Files.exists(folder);
            Directory directory = MapIndex.open(folder);
            try {
                return new MapIndexWriter(folder, index, isNewFolder, directory);
            } catch (IOException | RuntimeException e) {
                directory.close();
                throw e;
            }
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
    }

    /** Has a listener hear from now on, on any thread, how many maps have been added or left out. */
    public void tell(LongConsumer listener) {
        progress = listener;
    }

    private void step(int maps) {
        progress.accept(handled.addAndGet(maps));
    }

    /** What is added counts on from there. */
    private void readNumbers() throws IOException {
        try (DirectoryReader reader = DirectoryReader.open(writer)) {
            size = reader.numDocs();
            firstId = MapColumns.greatest(reader, MapDocuments.ID) + 1;
            lastConversation = Math.max(0, MapColumns.greatest(reader, MapDocuments.CONVERSATION));
        }
    }

    /** Maps that the index will hold. */
    public int size() {
        return size + unwritten.count();
    }

    /**
     * Adds the maps of another index, its segments as they are but for numbers of maps and conversations.
     *
     * @param capacity most maps that are left; of more, those go that a newer one is most like
     * @param compared hears how many have been compared, if there are more
     */
    public Added addAll(MapIndexReader source, int capacity, LongConsumer compared) {
        if (unwritten.count() > 0) {
            throw new IllegalStateException("single maps were added to index " + folder);
        }
        Queue<RenumberedMaps> renumbered = new ConcurrentLinkedQueue<>();
        try {
            known.read();
            source.leaves().parallelStream().forEach(leaf -> renumber(leaf, renumbered));
            List<RenumberedMaps> segments = renumbered.stream()
                    .sorted(Comparator.comparingInt((RenumberedMaps segment) -> -segment.maxDoc())
                            .thenComparing(RenumberedMaps::oldest))
                    .toList();
            int maps = segments.stream().mapToInt(RenumberedMaps::numDocs).sum();
            for (RenumberedMaps segment : segments) {
                firstId = Math.max(firstId, segment.greatestId() + 1);
                lastConversation = Math.max(lastConversation, segment.greatestConversation());
            }
            int tooMany = Math.max(0, size + maps - capacity);
            if (tooMany > 0) {
                leaveOut(segments, tooMany, compared);
            }
            add(segments.stream().filter(segment -> !segment.losesGraphs()).toList(), true);
            add(segments.stream().filter(RenumberedMaps::losesGraphs).toList(), false);
            step(source.maps() - maps + tooMany);
            known.outdate();
            size += segments.stream().mapToInt(RenumberedMaps::numDocs).sum();
            return new Added(maps, source.maps() - maps, tooMany);
        } catch (UncheckedIOException e) {
            throw MapIndex.failed(folder, Objects.requireNonNull(e.getCause()));
        } catch (IOException | AlreadyClosedException e) {
            throw failed(e);
        } finally {
            IOUtils.closeWhileHandlingException(renumbered);
        }
    }

    /** Removes so many maps of those that are there or are to be added. */
    private <S extends CodecReader & Incoming> void leaveOut(List<S> segments, int count, LongConsumer compared)
            throws IOException {
        try (DirectoryReader reader = DirectoryReader.open(writer)) {
            List<LeafReader> leaves = new ArrayList<>(segments);
            reader.leaves().forEach(context -> leaves.add(context.reader()));
            Set<Long> ids = Set.copyOf(new RedundantMaps(leaves, index.shape(), compared).mostResembled(count));
            for (LeafReaderContext context : reader.leaves()) {
                size -= remove(context.reader(), ids);
            }
            for (S segment : segments) {
                segment.leave(ids);
            }
        }
    }

    private void add(List<? extends CodecReader> segments, boolean withGraphs) throws IOException {
        CodecReader[] readers =
                segments.stream().filter(segment -> segment.numDocs() > 0).toArray(CodecReader[]::new);
        if (readers.length == 0) {
            return;
        }
        makesGraphs = withGraphs;
        policy.joinIncoming(!withGraphs);
        try {
            writer.addIndexes(readers);
        } finally {
            makesGraphs = true;
        }
    }

    private void renumber(LeafReader leaf, Queue<RenumberedMaps> segments) {
        try {
            FixedBitSet kept = known.unknown(leaf);
            if (kept.cardinality() > 0 && leaf instanceof CodecReader segment) {
                segments.add(new RenumberedMaps(segment, kept, firstId, lastConversation));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Adds a map. What threads add at once has no order but that of {@code number}.
     *
     * @param number of the map among those that are added, from 0
     * @return false if it is there already
     * @throws IllegalArgumentException if {@link PackedMap} refuses it
     */
    public boolean add(long number, ExpertMap map) {
        return add(number, List.of(PackedMap.of(index.shape(), map))) == 1;
    }

    /**
     * The same with many maps.
     *
     * @param number of the first
     * @return how many were not there already
     */
    public int add(long number, List<PackedMap> maps) {
        step(maps.size());
        try {
            known.read();
            int count = unwritten.add(maps, firstId + number, lastConversation);
            if (unwritten.areTooMany()) {
                writeFull();
            }
            return count;
        } catch (IOException | AlreadyClosedException e) {
            throw failed(e);
        }
    }

    /** Whoever comes here meanwhile waits, so that no more is held. */
    private synchronized void writeFull() throws IOException {
        List<HeldColumns> taken = unwritten.takeFull();
        write(taken.stream().map(HeldMaps::of).toList());
        unwritten.wrote(taken);
    }

    /** Writes segments, which are closed then. */
    private void write(List<HeldMaps> segments) throws IOException {
        try {
            int maps = segments.stream().mapToInt(HeldMaps::numDocs).sum();
            add(HeldMaps.divided(segments, Math.clamp(maps / SEGMENT_MAPS_LEAST, 1, THREADS)), false);
            size += maps;
        } finally {
            IOUtils.close(segments);
        }
    }

    /**
     * Removes so many maps that no more than {@code capacity} are left: those that a newer one is most like.
     *
     * @param compared hears how many have been compared
     * @return how many were removed
     */
    public int thinTo(int capacity, LongConsumer compared) {
        int tooMany = size() - capacity;
        if (tooMany <= 0) {
            return 0;
        }
        try {
            List<HeldMaps> segments = unwritten.takeAll();
            leaveOut(segments, tooMany, compared);
            write(segments);
            return tooMany;
        } catch (IOException | AlreadyClosedException e) {
            throw failed(e);
        }
    }

    /** Removes maps by their numbers, each of which is there. */
    public void remove(Collection<Long> ids) {
        Set<Long> wanted = new HashSet<>(ids);
        try (DirectoryReader reader = DirectoryReader.open(writer)) {
            for (LeafReaderContext context : reader.leaves()) {
                remove(context.reader(), wanted);
            }
            size -= ids.size();
        } catch (IOException | AlreadyClosedException e) {
            throw failed(e);
        }
    }

    /** Marks them where they are, which is quicker than to look up their terms. */
    private int remove(LeafReader leaf, Set<Long> ids) throws IOException {
        NumericDocValues numbers = DocValues.getNumeric(leaf, MapDocuments.ID);
        Bits live = leaf.getLiveDocs();
        int removed = 0;
        for (int doc = 0; doc < leaf.maxDoc(); doc++) {
            long id = MapDocuments.number(numbers, MapDocuments.ID, doc);
            if (!ids.contains(id) || (live != null && !live.get(doc))) {
                continue;
            }
            removed++;
            if (writer.tryDeleteDocument(leaf, doc) < 0) {
                writer.deleteDocuments(new Term(MapDocuments.ID, Long.toString(id)));
            }
        }
        return removed;
    }

    /** From here on nothing that was added or removed can be lost. */
    public void commit() {
        try {
            write(unwritten.takeAll());
            writer.commit();
            isCommitted = true;
        } catch (IOException | AlreadyClosedException e) {
            throw failed(e);
        }
    }

    /**
     * Makes graphs for the maps that have none yet, and gives back the room of maps that are gone, segment by segment. May
     * be left out or killed at any moment: searches find the same maps, only slower, and the next writer does it.
     *
     * @param begun hears, before, how many maps are in segments that are to be written; is not called if none are
     * @param progress hears, on any thread, in how many of them it was done
     */
    public void tidy(LongConsumer begun, LongConsumer progress) {
        try {
            SegmentUpkeep upkeep = new SegmentUpkeep(writer);
            if (upkeep.isDue()) {
                begun.accept(upkeep.maps());
                upkeep.run(progress);
            }
        } catch (IOException | AlreadyClosedException e) {
            throw failed(e);
        }
    }

    /** Why something failed: of a writer that broke earlier, what broke it. */
    private MapIndexException failed(Exception failure) {
        if (writer.getTragicException() instanceof IOException first) {
            return MapIndex.failed(folder, first);
        }
        return MapIndex.failed(folder, failure instanceof IOException io ? io : new IOException(failure));
    }

    /** Lets go of the folder; what was not committed is gone, and so is a folder that was made for it. */
    @Override
    public void close() {
        try {
            IOUtils.close(writer::rollback, () -> IOUtils.close(unwritten.takeAll()), this::sweep, directory);
            if (isNewFolder && !isCommitted) {
                Files.deleteIfExists(folder.resolve(IndexWriter.WRITE_LOCK_NAME));
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
    }

    /** A writer that broke, for want of room above all, leaves what it had begun; nobody names it. */
    private void sweep() throws IOException {
        if (isCommitted && writer.getTragicException() == null) {
            return;
        }
        if (DirectoryReader.indexExists(directory)) {
            new IndexWriter(directory, new SegmentBySegment(maps -> {}).writing()).rollback();
            return;
        }
        for (String file : directory.listAll()) {
            if (MapIndex.isLucenes(file)) {
                Files.deleteIfExists(folder.resolve(file));
            }
        }
    }
}
