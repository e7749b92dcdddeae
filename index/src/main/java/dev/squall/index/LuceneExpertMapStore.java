package dev.squall.index;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.ExpertMapStore;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.TieredMergePolicy;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.IOUtils;
import org.jspecify.annotations.Nullable;

/**
 * Expert maps in a Lucene index: HNSW graphs over embeddings and trajectories, on disk, shared with readers in other
 * processes. A thread of its own indexes; what it has not yet made searchable is searched one by one, so that every map is
 * found as soon as {@link #add} returns. It commits every {@value #COMMIT_MAPS} maps or {@value #COMMIT_SECONDS} seconds,
 * and at the end: what a killed process loses is what came after its last commit.
 *
 * <p>Scores are within {@code 2^-9} of the exact store's, since maps are kept in half precision.
 */
public final class LuceneExpertMapStore implements ExpertMapStore {
    /** Most maps held where nothing else is said. */
    public static final int CAPACITY_DEFAULT = 32_000;

    private static final int COMMIT_MAPS = 1024;
    private static final int COMMIT_SECONDS = 30;

    /** Maps that are searched one by one before they are made searchable together. */
    private static final int RECENT_MAX = 256;

    private static final int QUEUE_MAX = 256;

    /** Candidates that each graph is asked for. */
    private static final int TRAJECTORY_CANDIDATES = 32;

    /** Embeddings are far fewer and farther apart than maps: the graph finds the nearest sooner. */
    private static final int SEMANTIC_CANDIDATES = 8;

    /** Candidates whose redundancy with a new map is weighed. */
    private static final int REDUNDANT_CANDIDATES = 16;

    private static final double RAM_BUFFER_MB = 48;
    private static final double SEGMENTS_PER_TIER = 2;

    private final Path folder;
    private final MapShape shape;
    private final int capacity;
    private final double semanticShare;
    private final MapDocuments documents;
    private final MapSearch search;
    private final Directory directory;
    private final IndexWriter writer;
    private final TokenMaps ofTokens;
    private final BlockingQueue<Task> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
    private final Thread indexer;

    /** What forecasts would like to have and can do without: where other processes keep the processors busy, it may never come. */
    private final ExecutorService beside = NiceThreads.forTheNewest("squall-index-search");

    // Of the thread that adds.
    private long offeredWhenFull;

    // Guarded by this.
    private final RecentMaps recent;
    private Set<Long> replaced = new HashSet<>();
    private DirectoryReader reader;
    private long nextId;
    private long lastConversation;
    private long size;
    private boolean closed;
    private @Nullable IOException failure;

    // The indexer's own.
    private long indexedId;
    private int unpublished;
    private int uncommitted;
    private long lastCommit = System.nanoTime();

    /** What the indexer is asked to do. */
    private sealed interface Task {
        record Add(long id, ExpertMap map) implements Task {}

        record Commit(CountDownLatch done) implements Task {}

        record Stop() implements Task {}
    }

    private LuceneExpertMapStore(
            Path folder,
            MapIndex index,
            int capacity,
            int prefetchDistance,
            Directory directory,
            IndexWriter writer,
            DirectoryReader reader)
            throws IOException {
        this.folder = folder;
        this.capacity = capacity;
        this.directory = directory;
        this.writer = writer;
        this.reader = reader;
        shape = index.shape();
        semanticShare = Math.min(1.0, (double) prefetchDistance / shape.layerCount());
        documents = new MapDocuments(shape);
        search = new MapSearch(documents, SEMANTIC_CANDIDATES, TRAJECTORY_CANDIDATES);
        recent = new RecentMaps(shape);
        ofTokens = new TokenMaps(shape, capacity, prefetchDistance);
        size = reader.numDocs();
        readLast(reader);
        indexedId = nextId - 1;
        reader.incRef();
        beside.execute(() -> loadNewest(reader));
        indexer = Thread.ofPlatform().name("squall-index").daemon().start(this::index);
    }

    /**
     * Opens the index in a folder for writing, or begins one.
     *
     * @param model the fingerprint of model and quantisation
     * @param capacity most maps held
     * @param prefetchDistance d, whose share of L the semantic score has in how redundant two maps are
     * @throws MapIndexException if the folder holds something else, is damaged or in use
     */
    public static LuceneExpertMapStore open(
            Path folder, MapShape shape, String model, int capacity, int prefetchDistance) {
        MapIndex.quietenLucene();
        MapIndex wanted = new MapIndex(model, shape);
        try {
            Directory directory = MapIndex.open(folder);
            try {
                return open(folder, wanted, capacity, prefetchDistance, directory);
            } catch (IOException | RuntimeException e) {
                directory.close();
                throw e;
            }
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
    }

    private static LuceneExpertMapStore open(
            Path folder, MapIndex wanted, int capacity, int prefetchDistance, Directory directory) throws IOException {
        boolean exists = DirectoryReader.indexExists(directory);
        if (exists) {
            MapIndex.read(directory, folder).require(wanted, folder);
        }
        ConcurrentMergeScheduler merges = new NiceThreads.Merges();
        merges.setMaxMergesAndThreads(2, 1);
        // Each segment's graph is searched, so few segments are worth more merging.
        TieredMergePolicy tiers = new TieredMergePolicy();
        tiers.setSegmentsPerTier(SEGMENTS_PER_TIER);
        GraphsFirst policy = new GraphsFirst(tiers);
        IndexWriter writer = new IndexWriter(
                directory,
                new IndexWriterConfig()
                        .setRAMBufferSizeMB(RAM_BUFFER_MB)
                        .setCodec(GraphsLater.besideAnEngine())
                        .setMergeScheduler(merges)
                        .setMergePolicy(policy));
        try {
            writer.setLiveCommitData(wanted.commitData().entrySet());
            if (!exists) {
                writer.commit();
            }
            DirectoryReader reader = DirectoryReader.open(writer);
            policy.see(reader);
            writer.maybeMerge();
            return new LuceneExpertMapStore(folder, wanted, capacity, prefetchDistance, directory, writer, reader);
        } catch (IOException | RuntimeException e) {
            writer.rollback();
            throw e;
        }
    }

    /** The numbers that maps and conversations count on from. */
    private void readLast(DirectoryReader opened) throws IOException {
        for (LeafReaderContext context : opened.leaves()) {
            nextId = Math.max(nextId, MapColumns.greatest(context.reader(), MapDocuments.ID) + 1);
            lastConversation =
                    Math.max(lastConversation, MapColumns.greatest(context.reader(), MapDocuments.CONVERSATION));
        }
    }

    @Override
    public MapShape shape() {
        return shape;
    }

    @Override
    public synchronized long size() {
        return Math.min(capacity, size);
    }

    @Override
    public long capacity() {
        return capacity;
    }

    @Override
    public synchronized long lastConversation() {
        return lastConversation;
    }

    @Override
    public void add(ExpertMap map) {
        MapVectors.unitEmbedding(shape, map.embedding());
        MapVectors.directions(shape, map.probabilities(), shape.layerCount());
        give(new Task.Add(note(map), map));
        ofTokens.offer(map);
    }

    private synchronized long note(ExpertMap map) {
        checkUsable();
        long id = nextId++;
        recent.add(id, map);
        lastConversation = Math.max(lastConversation, map.origin().conversation());
        size++;
        return id;
    }

    /** Where the indexer is behind, the map is only found by its embedding, until the end of this process. */
    @Override
    public void offer(ExpertMap map) {
        if (size() == capacity && offeredWhenFull++ % KEPT_ONE_IN != 0) {
            return;
        }
        // Only this thread makes the queue longer.
        if (queue.remainingCapacity() > 0) {
            add(map);
        } else {
            ofTokens.offer(map);
        }
    }

    @Override
    public Future<MapMatches> searchByEmbedding(float[] embedding, int k) {
        return beside.submit(() -> nearestByEmbedding(embedding, k));
    }

    @Override
    public MapMatches ofEmbedding(float[] embedding, int k) {
        return ofTokens.of(embedding, k);
    }

    @Override
    public MapMatches nearestByEmbedding(float[] embedding, int k) {
        return nearest(MapQuery.ofEmbedding(shape, embedding), k);
    }

    @Override
    public MapMatches nearestByTrajectory(float[] probabilities, int layers, int k) {
        return nearest(MapQuery.ofTrajectory(shape, probabilities, layers), k);
    }

    private FoundMaps nearest(MapQuery query, int k) {
        FoundMaps found = new FoundMaps(shape, k);
        DirectoryReader current;
        Set<Long> without;
        synchronized (this) {
            checkUsable();
            recent.search(query, found);
            current = reader;
            without = Set.copyOf(replaced);
            current.incRef();
        }
        try {
            try {
                search.search(current, query, k, without, found);
            } finally {
                current.decRef();
            }
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
        return found;
    }

    private void checkUsable() {
        if (failure != null) {
            throw MapIndex.failed(folder, failure);
        }
        if (closed) {
            throw new IllegalStateException("index " + folder + " is closed");
        }
    }

    private void give(Task task) {
        Uninterruptible.run(() -> queue.put(task));
    }

    private void loadNewest(DirectoryReader opened) {
        try {
            ofTokens.load(opened, () -> !Thread.currentThread().isInterrupted());
        } catch (IOException e) {
            fail(e);
        } finally {
            IOUtils.closeWhileHandlingException(opened::decRef);
        }
    }

    private void index() {
        boolean running = true;
        while (running) {
            Task task = next();
            try {
                switch (task) {
                    case Task.Add add -> index(add);
                    case Task.Commit commit -> commitNow();
                    case Task.Stop stop -> {
                        commitNow();
                        running = false;
                    }
                    case null -> publish();
                }
                if (uncommitted > 0
                        && (uncommitted >= COMMIT_MAPS
                                || System.nanoTime() - lastCommit > TimeUnit.SECONDS.toNanos(COMMIT_SECONDS))) {
                    commitNow();
                }
            } catch (IOException e) {
                fail(e);
                running = task != null && !(task instanceof Task.Stop);
            }
            if (task instanceof Task.Commit commit) {
                commit.done().countDown();
            }
        }
    }

    private synchronized void fail(IOException e) {
        failure = e;
    }

    /** The next task; null if there was none for a while. */
    private @Nullable Task next() {
        try {
            return queue.poll(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            return new Task.Stop();
        }
    }

    private void index(Task.Add add) throws IOException {
        synchronized (this) {
            if (failure != null) {
                return;
            }
        }
        boolean full;
        synchronized (this) {
            full = size > capacity;
        }
        OptionalLong place = full ? mostRedundant(add.map()) : OptionalLong.empty();
        if (place.isPresent()) {
            Term old = new Term(MapDocuments.ID, Long.toString(place.getAsLong()));
            writer.updateDocument(old, documents.document(add.id(), add.map()));
            synchronized (this) {
                replaced.add(place.getAsLong());
                size--;
            }
        } else {
            writer.addDocument(documents.document(add.id(), add.map()));
        }
        indexedId = add.id();
        unpublished++;
        uncommitted++;
        if (unpublished >= RECENT_MAX) {
            publish();
        }
    }

    /** The stored map that says most of what this one does. */
    private OptionalLong mostRedundant(ExpertMap map) throws IOException {
        MapQuery query = MapQuery.ofBoth(shape, map.embedding(), map.probabilities(), semanticShare);
        FoundMaps found = new FoundMaps(shape, 1);
        Set<Long> without;
        synchronized (this) {
            without = Set.copyOf(replaced);
        }
        // Only this thread closes the reader.
        search.search(reader, query, REDUNDANT_CANDIDATES, without, found);
        return found.count() == 0 ? OptionalLong.empty() : OptionalLong.of(found.id(0));
    }

    /** Makes what is indexed searchable. */
    private void publish() throws IOException {
        if (unpublished == 0) {
            return;
        }
        DirectoryReader newer = DirectoryReader.openIfChanged(reader, writer);
        unpublished = 0;
        if (newer == null) {
            return;
        }
        DirectoryReader old;
        synchronized (this) {
            old = reader;
            reader = newer;
            recent.forgetUpTo(indexedId);
            replaced = new HashSet<>();
        }
        old.close();
    }

    private void commitNow() throws IOException {
        synchronized (this) {
            if (failure != null) {
                return;
            }
        }
        writer.commit();
        uncommitted = 0;
        lastCommit = System.nanoTime();
    }

    @Override
    public void commit() {
        synchronized (this) {
            checkUsable();
        }
        CountDownLatch done = new CountDownLatch(1);
        give(new Task.Commit(done));
        Uninterruptible.run(done::await);
        synchronized (this) {
            checkUsable();
        }
    }

    @Override
    public void keepWeights(String kind, WeightsWriter weights) {
        try {
            new WeightsFile(folder).write(kind, weights);
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
    }

    @Override
    public boolean readWeights(String kind, WeightsReader weights) {
        try {
            return new WeightsFile(folder).read(kind, weights);
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
    }

    /** Commits and lets go of the folder. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        // Whoever does not get a processor is not waited for; what is read stays open for it.
        beside.shutdownNow();
        give(new Task.Stop());
        Uninterruptible.run(indexer::join);
        try {
            // What is worth keeping is committed; merges that still run are not waited for.
            IOUtils.close(writer::rollback, reader, directory);
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
        synchronized (this) {
            if (failure != null) {
                throw MapIndex.failed(folder, failure);
            }
        }
    }
}
