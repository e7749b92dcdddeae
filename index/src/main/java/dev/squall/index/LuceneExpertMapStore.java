package dev.squall.index;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.ExpertMapStore;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.Term;
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

    /**
     * Maps that are offered wait for each other: to wake the indexer for each costs the pass as much as it takes from
     * it.
     */
    private static final int OFFERED_TOGETHER = 64;

    /** A time in which none is offered, after which what waits is made searchable. */
    private static final int QUIET_SECONDS = 1;

    /** Of those waiting, more than which the indexer is behind. */
    private static final int OFFERED_TASKS_MAX = 4;

    /** Candidates that the graphs are asked for, each for its share. */
    private static final int TRAJECTORY_CANDIDATES = 32;

    /** Candidates that each graph is asked for: embeddings are far fewer and farther apart than maps. */
    private static final int SEMANTIC_CANDIDATES = 8;

    /** Candidates whose redundancy with a new map is weighed. */
    private static final int REDUNDANT_CANDIDATES = 16;

    private final Path folder;
    private final MapShape shape;
    private final int capacity;
    private final double semanticShare;
    private final MapDocuments documents;
    private final MapSearch search;
    private final Directory directory;
    private final IndexWriter writer;
    private final TokenMaps ofTokens;
    private final BlockingQueue<IndexerTask> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
    private final Thread indexer;

    /**
     * What forecasts would like to have and can do without: where other processes keep the processors busy, it may
     * never come.
     */
    private final ExecutorService beside = NiceThreads.forTheNewest("squall-index-search");

    // Of the thread that adds.
    private long offeredWhenFull;

    // Guarded by this.
    private final RecentMaps recent = new RecentMaps();
    private final OfferedMaps offered = new OfferedMaps(OFFERED_TOGETHER);
    private Set<Long> replaced = new HashSet<>();
    private DirectoryReader reader;
    private long nextId;
    private long lastConversation;
    private boolean closed;
    private @Nullable IOException failure;

    /** Changed by whoever holds this. */
    private volatile long size;

    // The indexer's own.
    private final List<Long> unpublished = new ArrayList<>();
    private int uncommitted;
    private long lastCommit = System.nanoTime();

    private LuceneExpertMapStore(Path folder, MapShape shape, int capacity, int prefetchDistance, EngineWriter opened)
            throws IOException {
        this.folder = folder;
        this.shape = shape;
        this.capacity = capacity;
        directory = opened.directory();
        writer = opened.writer();
        reader = opened.reader();
        semanticShare = Math.min(1.0, (double) prefetchDistance / shape.layerCount());
        documents = new MapDocuments(shape);
        search = new MapSearch(documents, SEMANTIC_CANDIDATES, TRAJECTORY_CANDIDATES);
        ofTokens = new TokenMaps(shape, capacity, prefetchDistance);
        size = reader.numDocs();
        nextId = MapColumns.greatest(reader, MapDocuments.ID) + 1;
        lastConversation = Math.max(0, MapColumns.greatest(reader, MapDocuments.CONVERSATION));
        loadBeside(opened.reader());
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
        EngineWriter opened = EngineWriter.open(folder, new MapIndex(model, shape));
        try {
            try {
                return new LuceneExpertMapStore(folder, shape, capacity, prefetchDistance, opened);
            } catch (IOException | RuntimeException e) {
                IOUtils.closeWhileHandlingException(opened);
                throw e;
            }
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
    }

    @Override
    public MapShape shape() {
        return shape;
    }

    @Override
    public long size() {
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
        require(map);
        give(new IndexerTask.Add(note(map), map));
        ofTokens.offer(map);
    }

    private void require(ExpertMap map) {
        MapVectors.unitEmbedding(shape, map.embedding());
        MapVectors.directions(shape, map.probabilities(), shape.layerCount());
    }

    private synchronized long note(ExpertMap map) {
        checkUsable();
        long id = nextId++;
        recent.add(id, RecentMaps.Recent.of(shape, map));
        count(map);
        return id;
    }

    private synchronized void count(ExpertMap map) {
        lastConversation = Math.max(lastConversation, map.origin().conversation());
        size++;
    }

    /**
     * Searches of an index find the map once {@value #OFFERED_TOGETHER} are offered, when none has been for a second or two,
     * or when it is time to commit. Where the indexer is behind, the map is only found by its embedding, until the end of
     * this process.
     */
    @Override
    public void offer(ExpertMap map) {
        if (size() == capacity && offeredWhenFull++ % KEPT_ONE_IN != 0) {
            return;
        }
        require(map);
        ofTokens.offer(map);
        IndexerTask.AddOffered together = null;
        synchronized (this) {
            checkUsable();
            if (offered.add(map)) {
                count(map);
            }
            // Only this thread makes the queue longer.
            if (offered.isFull() && queue.size() < OFFERED_TASKS_MAX) {
                together = takeOffered();
            }
        }
        if (together != null) {
            give(together);
        }
    }

    private synchronized IndexerTask.AddOffered takeOffered() {
        IndexerTask.AddOffered taken = new IndexerTask.AddOffered(nextId, offered.take());
        nextId += taken.maps().size();
        return taken;
    }

    @Override
    public Future<MapMatches> searchByEmbedding(float[] embedding, int k) {
        return beside.submit(() -> nearestByEmbedding(embedding, k));
    }

    @Override
    public MapMatches ofEmbedding(float[] embedding, float[] beginning, int considered, int k) {
        return ofTokens.of(embedding, beginning, considered, k);
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

    private void give(IndexerTask task) {
        Uninterruptible.run(() -> queue.put(task));
    }

    /** @param opened stays this one, whatever is published before a thread comes to it */
    private void loadBeside(DirectoryReader opened) {
        opened.incRef();
        beside.execute(() -> loadNewest(opened));
    }

    private void loadNewest(DirectoryReader opened) {
        try {
            ofTokens.load(opened, () -> !Thread.currentThread().isInterrupted());
        } catch (IOException | RuntimeException e) { // whoever uses or closes the store throws it
            fail(e);
        } finally {
            IOUtils.closeWhileHandlingException(opened::decRef);
        }
    }

    private void index() {
        boolean running = true;
        while (running) {
            IndexerTask task = next();
            try {
                switch (task) {
                    case IndexerTask.Add add -> index(add);
                    case IndexerTask.AddOffered together -> index(together);
                    case IndexerTask.Commit commit -> commitNow();
                    case IndexerTask.Stop stop -> {
                        commitNow();
                        running = false;
                    }
                    case null -> indexIfQuiet();
                }
                if (hasUncommitted()
                        && (uncommitted >= COMMIT_MAPS
                                || System.nanoTime() - lastCommit > TimeUnit.SECONDS.toNanos(COMMIT_SECONDS))) {
                    commitNow();
                }
            } catch (IOException | RuntimeException e) { // whoever uses or closes the store throws it
                fail(e);
                running = task != null && !(task instanceof IndexerTask.Stop);
            }
            if (task instanceof IndexerTask.Commit commit) {
                commit.done().countDown();
            }
        }
    }

    /** Makes what waits searchable, unless more of it comes: passes that are under way need all processors. */
    private void indexIfQuiet() throws IOException {
        IndexerTask.AddOffered waiting;
        synchronized (this) {
            if (!offered.isQuiet()) {
                return;
            }
            waiting = takeOffered();
        }
        index(waiting);
        publish();
    }

    private synchronized boolean hasUncommitted() {
        return uncommitted > 0 || !offered.isEmpty();
    }

    private synchronized void fail(Exception e) {
        failure = e instanceof IOException failed ? failed : new IOException(e);
    }

    /** The next task; null if there was none for a while. */
    private @Nullable IndexerTask next() {
        try {
            return queue.poll(QUIET_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            return new IndexerTask.Stop();
        }
    }

    private void index(IndexerTask.Add add) throws IOException {
        boolean full;
        synchronized (this) {
            if (failure != null) {
                return;
            }
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
        unpublished.add(add.id());
        uncommitted++;
        if (unpublished.size() >= RECENT_MAX) {
            publish();
        }
    }

    private void index(IndexerTask.AddOffered together) throws IOException {
        long id = together.firstId();
        for (ExpertMap map : together.maps()) {
            RecentMaps.Recent comparable = RecentMaps.Recent.of(shape, map);
            synchronized (this) {
                recent.add(id, comparable);
            }
            index(new IndexerTask.Add(id++, map));
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
        if (unpublished.isEmpty()) {
            return;
        }
        List<Long> published = List.copyOf(unpublished);
        unpublished.clear();
        DirectoryReader newer = DirectoryReader.openIfChanged(reader, writer);
        if (newer == null) {
            return;
        }
        DirectoryReader old;
        synchronized (this) {
            old = reader;
            reader = newer;
            recent.forget(published);
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
        index(takeOffered());
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
        give(new IndexerTask.Commit(done));
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
        give(new IndexerTask.Stop());
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
