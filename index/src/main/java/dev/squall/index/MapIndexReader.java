package dev.squall.index;

import dev.squall.predict.MapMatches;
import dev.squall.predict.MapOrigin;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.Bits;

/** Looks into an index of expert maps as its last commit left it, also while another process writes it. Never writes. */
public final class MapIndexReader implements AutoCloseable {
    private static final int ATTEMPTS = 5;

    private final Path folder;
    private final long bytes;
    private final Directory directory;
    private final DirectoryReader reader;
    private final MapIndex index;
    private final MapDocuments documents;

    /**
     * What one segment holds.
     *
     * @param lacksGraph whether its graphs are yet to be made, so that searches compare all its maps
     * @param hasGraph whether searches by trajectory walk a graph; if neither, its maps are too few for one
     */
    public record Segment(String name, int maps, int replaced, boolean lacksGraph, boolean hasGraph) {}

    /**
     * A field of the documents, as Lucene describes it.
     *
     * @param dimensions of a vector; 0 for other kinds
     * @param vectors how many are stored, replaced ones included
     * @param mappedBytes of vectors and graphs in the files, which the operating system keeps in memory as it sees fit
     */
    public record Field(String name, String kind, int dimensions, long vectors, long mappedBytes) {}

    /**
     * The graph of a field in one segment.
     *
     * @param nodes on the lowest level
     * @param levels from the lowest to the highest
     * @param nodesByDegree how many nodes of the lowest level have 0, 1, 2, ... neighbours, of those that are reachable
     * @param reachable nodes that can be reached from the entry point
     */
    public record Graph(String segment, int nodes, List<Level> levels, List<Integer> nodesByDegree, int reachable) {}

    /**
     * A level of a graph, so far as it is reachable.
     *
     * @param degreeLeast neighbours of the node that has the fewest
     * @param degreeMean neighbours of a node
     * @param degreeMost of the node that has the most
     */
    public record Level(int nodes, int degreeLeast, double degreeMean, int degreeMost) {}

    private MapIndexReader(Path folder, Directory directory, DirectoryReader reader, MapIndex index)
            throws IOException {
        bytes = bytes(directory, reader);
        this.folder = folder;
        this.directory = directory;
        this.reader = reader;
        this.index = index;
        documents = new MapDocuments(index.shape());
    }

    /**
     * Opens the last commit.
     *
     * @throws MapIndexException if there is none, it is damaged or of something else
     */
    public static MapIndexReader open(Path folder) throws IOException {
        MapIndex.quietenLucene();
        MapIndexCheck.requireIndex(folder);
        Directory directory = MapIndex.open(folder);
        boolean opened = false;
        try {
            MapIndexReader reader = openLastCommit(folder, directory);
            opened = true;
            return reader;
        } catch (CorruptIndexException e) {
            throw MapIndex.damaged(folder, e);
        } finally {
            if (!opened) {
                directory.close();
            }
        }
    }

    /** A writer that commits at this moment deletes the files of the commit before; then the next one is opened. */
    private static MapIndexReader openLastCommit(Path folder, Directory directory) throws IOException {
        for (int attempt = 1; ; attempt++) {
            DirectoryReader reader = DirectoryReader.open(directory);
            try {
                return new MapIndexReader(folder, directory, reader, MapIndex.read(directory, folder));
            } catch (NoSuchFileException | FileNotFoundException e) {
                reader.close();
                if (attempt == ATTEMPTS) {
                    throw MapIndex.damaged(folder, e);
                }
            }
        }
    }

    public MapIndex index() {
        return index;
    }

    /** Maps that are held. */
    public int maps() {
        return reader.numDocs();
    }

    /**
     * How many passes a map holds: 2, the pass before and then the pass itself, or 1. What followed a map is kept for the
     * layers of one pass and so tells; 1 where no map has that.
     */
    public int passes() throws IOException {
        for (LeafReaderContext context : reader.leaves()) {
            BinaryDocValues continuations = DocValues.getBinary(context.reader(), MapDocuments.CONTINUATION);
            if (continuations.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
                return 2 * (continuations.binaryValue().length - 1)
                                == index.shape().probabilityCount()
                        ? 2
                        : 1;
            }
        }
        return 1;
    }

    /** The generation of the commit. */
    public long generation() throws IOException {
        return reader.getIndexCommit().getGeneration();
    }

    /** The file that names the commit's others. */
    public String commitFile() throws IOException {
        return reader.getIndexCommit().getSegmentsFileName();
    }

    /** Bytes of all the commit's files. */
    public long bytes() {
        return bytes;
    }

    private static long bytes(Directory directory, DirectoryReader reader) throws IOException {
        long bytes = 0;
        for (String file : reader.getIndexCommit().getFileNames()) {
            bytes += directory.fileLength(file);
        }
        return bytes;
    }

    public List<Segment> segments() throws IOException {
        List<Segment> segments = new ArrayList<>();
        for (LeafReaderContext context : reader.leaves()) {
            LeafReader leaf = context.reader();
            segments.add(new Segment(
                    SegmentGraphs.name(leaf),
                    leaf.numDocs(),
                    leaf.numDeletedDocs(),
                    SegmentGraphs.areDue(leaf),
                    SegmentGraphs.has(leaf, MapDocuments.TRAJECTORY)));
        }
        return segments;
    }

    private static String kind(FieldInfo info) {
        if (info.hasVectorValues()) {
            return "vector, " + info.getVectorEncoding().name().toLowerCase(Locale.ROOT) + ", "
                    + info.getVectorSimilarityFunction().name().toLowerCase(Locale.ROOT);
        }
        return "doc values, " + info.getDocValuesType().name().toLowerCase(Locale.ROOT);
    }

    private Field vectors(FieldInfo info) throws IOException {
        long count = 0;
        long mapped = 0;
        for (LeafReaderContext context : reader.leaves()) {
            FloatVectorValues values = context.reader().getFloatVectorValues(info.name);
            count += values == null ? 0 : values.size();
            FieldInfo ofSegment = context.reader().getFieldInfos().fieldInfo(info.name);
            if (ofSegment != null && context.reader() instanceof CodecReader codec) {
                for (long bytesOfPart :
                        codec.getVectorReader().getOffHeapByteSize(ofSegment).values()) {
                    mapped += bytesOfPart;
                }
            }
        }
        return new Field(info.name, kind(info), info.getVectorDimension(), count, mapped);
    }

    public List<Field> fields() throws IOException {
        List<Field> fields = new ArrayList<>();
        if (reader.leaves().isEmpty()) {
            return fields;
        }
        for (FieldInfo info : reader.leaves().getFirst().reader().getFieldInfos()) {
            fields.add(info.hasVectorValues() ? vectors(info) : new Field(info.name, kind(info), 0, 0, 0));
        }
        return fields;
    }

    /** Hands over every map, segment by segment. */
    public void forEach(Consumer<StoredMap> consumer) throws IOException {
        forEachDocument((columns, doc) -> consumer.accept(columns.map(doc)));
    }

    /**
     * Has all maps be worked on, batch by batch on all processors, and hands over what came of each batch in their order.
     *
     * @param work is called on any thread
     * @param consumer is called on this one
     */
    public <T> void forEachBatch(Function<List<StoredMap>, T> work, Consumer<T> consumer) throws IOException {
        new MapBatches(leaves(), index.shape()).forEach(work, consumer);
    }

    /** Hands over number and origin of every map, which takes a fraction of the time. */
    public void forEachOrigin(BiConsumer<Long, MapOrigin> consumer) throws IOException {
        forEachDocument((columns, doc) -> consumer.accept(columns.id(doc), columns.origin(doc)));
    }

    /** Takes one document of a segment. */
    @FunctionalInterface
    private interface DocumentConsumer {
        void accept(MapColumns columns, int doc) throws IOException;
    }

    private void forEachDocument(DocumentConsumer consumer) throws IOException {
        for (LeafReaderContext context : reader.leaves()) {
            LeafReader leaf = context.reader();
            Bits live = leaf.getLiveDocs();
            MapColumns columns = new MapColumns(leaf, index.shape());
            for (int doc = 0; doc < leaf.maxDoc(); doc++) {
                if (live == null || live.get(doc)) {
                    consumer.accept(columns, doc);
                }
            }
        }
    }

    /**
     * The greatest similarities of any maps to each of some others, by comparing them all: what searches are held against.
     *
     * @param queries L x J probabilities each
     * @param layers by how many first layers to compare, rising
     * @param k how many of them
     * @param progress hears how many maps have been compared
     * @return by query and {@code layers}, k, falling; -1 where there are fewer maps
     */
    public float[][][] bestByTrajectory(List<float[]> queries, int[] layers, int k, LongConsumer progress)
            throws IOException {
        ExactScores scores = new ExactScores(index.shape(), queries, layers, k);
        forEachDocument((columns, doc) -> {
            scores.compare(columns.probabilityHalves(doc));
            progress.accept(scores.compared());
        });
        return scores.best();
    }

    /** The map of a number. */
    public Optional<StoredMap> find(long id) throws IOException {
        Term term = new Term(MapDocuments.ID, Long.toString(id));
        for (LeafReaderContext context : reader.leaves()) {
            LeafReader leaf = context.reader();
            PostingsEnum postings = leaf.postings(term, PostingsEnum.NONE);
            Bits live = leaf.getLiveDocs();
            while (postings != null && postings.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
                if (live == null || live.get(postings.docID())) {
                    return Optional.of(new MapColumns(leaf, index.shape()).map(postings.docID()));
                }
            }
        }
        return Optional.empty();
    }

    /** What a running store would find: the maps whose first layers are most like these. */
    public MapMatches nearestByTrajectory(float[] probabilities, int layers, int k, int candidates) throws IOException {
        FoundMaps found = new FoundMaps(index.shape(), k);
        new MapSearch(documents, candidates, candidates)
                .search(reader, MapQuery.ofTrajectory(index.shape(), probabilities, layers), k, Set.of(), found);
        return found;
    }

    /** The maps whose embedding is most like this one. */
    public MapMatches nearestByEmbedding(float[] embedding, int k, int candidates) throws IOException {
        FoundMaps found = new FoundMaps(index.shape(), k);
        new MapSearch(documents, candidates, candidates)
                .search(reader, MapQuery.ofEmbedding(index.shape(), embedding), k, Set.of(), found);
        return found;
    }

    /** The segments, for what this package does with each by itself. */
    List<LeafReader> leaves() {
        return reader.leaves().stream().map(LeafReaderContext::reader).toList();
    }

    /** The number of match {@code i} of a search by this reader. */
    public long id(MapMatches matches, int i) {
        if (matches instanceof FoundMaps found) {
            return found.id(i);
        }
        throw new IllegalArgumentException("matches of another search");
    }

    /** The graphs over trajectories, or over embeddings, of segments that have one. */
    public List<Graph> graphs(boolean ofTrajectories) throws IOException {
        List<Graph> graphs = new ArrayList<>();
        for (LeafReaderContext context : reader.leaves()) {
            Graph graph = SegmentGraphs.walk(
                    context.reader(), ofTrajectories ? MapDocuments.TRAJECTORY : MapDocuments.SEMANTIC);
            if (graph != null) {
                graphs.add(graph);
            }
        }
        return graphs;
    }

    public Path folder() {
        return folder;
    }

    @Override
    public void close() throws IOException {
        reader.close();
        directory.close();
    }
}
