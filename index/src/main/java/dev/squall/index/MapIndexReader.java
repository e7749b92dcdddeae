package dev.squall.index;

import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.lucene.codecs.hnsw.HnswGraphProvider;
import org.apache.lucene.codecs.perfield.PerFieldKnnVectorsFormat;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.CheckIndex;
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
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.hnsw.HnswGraph;

/** Looks into an index of expert maps as its last commit left it, also while another process writes it. Never writes. */
public final class MapIndexReader implements AutoCloseable {
    private static final int ATTEMPTS = 5;

    private final Path folder;
    private final long bytes;
    private final Directory directory;
    private final DirectoryReader reader;
    private final MapIndex index;
    private final MapDocuments documents;

    /** What one segment holds. */
    public record Segment(String name, int maps, int replaced) {}

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
     * @param levels of the hierarchy
     * @param degreeLeast neighbours of the node that has the fewest
     * @param degreeMean neighbours of a node
     * @param degreeMost of the node that has the most
     * @param reachable nodes that can be reached from the entry point
     */
    public record Graph(
            String segment, int nodes, int levels, int degreeLeast, double degreeMean, int degreeMost, int reachable) {}

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
        if (!Files.isDirectory(folder)) {
            throw new MapIndexException("index " + folder + ": no such folder: squall chat --index makes one");
        }
        Directory directory = MapIndex.open(folder);
        boolean opened = false;
        try {
            if (!DirectoryReader.indexExists(directory)) {
                throw new MapIndexException("index " + folder + " is empty: squall chat --index fills one");
            }
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

    /** The generation of the commit. */
    public long generation() throws IOException {
        return reader.getIndexCommit().getGeneration();
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

    public List<Segment> segments() {
        return reader.leaves().stream()
                .map(context -> new Segment(
                        name(context.reader()),
                        context.reader().numDocs(),
                        context.reader().numDeletedDocs()))
                .toList();
    }

    private static String name(LeafReader leaf) {
        String text = leaf.toString();
        int end = text.indexOf('(');
        return end < 0 ? text : text.substring(0, end);
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
        for (LeafReaderContext context : reader.leaves()) {
            LeafReader leaf = context.reader();
            Bits live = leaf.getLiveDocs();
            for (int doc = 0; doc < leaf.maxDoc(); doc++) {
                if (live == null || live.get(doc)) {
                    consumer.accept(map(leaf, doc));
                }
            }
        }
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
                    return Optional.of(map(leaf, postings.docID()));
                }
            }
        }
        return Optional.empty();
    }

    private StoredMap map(LeafReader leaf, int doc) throws IOException {
        MapShape shape = index.shape();
        return new StoredMap(
                MapDocuments.number(leaf, MapDocuments.ID, doc),
                MapDocuments.origin(leaf, doc),
                floats(leaf, MapDocuments.EMBEDDING, doc, shape.embeddingLength()),
                floats(leaf, MapDocuments.PROBABILITIES, doc, shape.probabilityCount()));
    }

    private static float[] floats(LeafReader leaf, String field, int doc, int count) throws IOException {
        BinaryDocValues values = DocValues.getBinary(leaf, field);
        BytesRef bytes = MapDocuments.halves(values, field, doc, count);
        float[] numbers = new float[count];
        HalfFloats.decode(bytes.bytes, bytes.offset, 0, count, numbers, 0);
        return numbers;
    }

    /** What a running store would find: the maps whose first layers are most like these. */
    public MapMatches nearestByTrajectory(float[] probabilities, int layers, int k, int candidates) throws IOException {
        FoundMaps found = new FoundMaps(index.shape(), k);
        new MapSearch(documents, candidates)
                .search(reader, MapQuery.ofTrajectory(index.shape(), probabilities, layers), k, Set.of(), found);
        return found;
    }

    /** The maps whose embedding is most like this one. */
    public MapMatches nearestByEmbedding(float[] embedding, int k, int candidates) throws IOException {
        FoundMaps found = new FoundMaps(index.shape(), k);
        new MapSearch(documents, candidates)
                .search(reader, MapQuery.ofEmbedding(index.shape(), embedding), k, Set.of(), found);
        return found;
    }

    /** The number of match {@code i} of a search by this reader. */
    public long id(MapMatches matches, int i) {
        if (matches instanceof FoundMaps found) {
            return found.id(i);
        }
        throw new IllegalArgumentException("matches of another search");
    }

    /** The graphs over trajectories, or over embeddings, of segments that are large enough to have one. */
    public List<Graph> graphs(boolean ofTrajectories) throws IOException {
        String field = ofTrajectories ? MapDocuments.TRAJECTORY : MapDocuments.SEMANTIC;
        List<Graph> graphs = new ArrayList<>();
        for (LeafReaderContext context : reader.leaves()) {
            if (context.reader() instanceof CodecReader codec
                    && codec.getVectorReader() instanceof PerFieldKnnVectorsFormat.FieldsReader fields
                    && fields.getFieldReader(field) instanceof HnswGraphProvider provider) {
                HnswGraph graph = provider.getGraph(field);
                if (graph != null && graph.size() > 0) {
                    graphs.add(graph(name(context.reader()), graph));
                }
            }
        }
        return graphs;
    }

    /** Walks as a search does: from the entry point down the levels, each begun wherever the one above came. */
    private static Graph graph(String segment, HnswGraph graph) throws IOException {
        int nodes = graph.size();
        boolean[] reached = new boolean[nodes];
        reached[graph.entryNode()] = true;
        int least = Integer.MAX_VALUE;
        int most = 0;
        long all = 0;
        int count = 0;
        for (int level = graph.numLevels() - 1; level >= 0; level--) {
            int[] stack = new int[nodes];
            int height = 0;
            for (int node = 0; node < nodes; node++) {
                if (reached[node]) {
                    stack[height++] = node;
                }
            }
            while (height > 0) {
                graph.seek(level, stack[--height]);
                int degree = 0;
                int next = graph.nextNeighbor();
                for (; next != DocIdSetIterator.NO_MORE_DOCS; next = graph.nextNeighbor()) {
                    degree++;
                    if (!reached[next]) {
                        reached[next] = true;
                        stack[height++] = next;
                    }
                }
                if (level == 0) {
                    count++;
                    least = Math.min(least, degree);
                    most = Math.max(most, degree);
                    all += degree;
                }
            }
        }
        return new Graph(segment, nodes, graph.numLevels(), least, (double) all / count, most, count);
    }

    /**
     * Reads and checks everything, checksums included.
     *
     * @return what is wrong, an empty list if nothing is
     */
    public static List<String> check(Path folder) throws IOException {
        MapIndex.quietenLucene();
        List<String> wrong = new ArrayList<>();
        try (MapIndexReader opened = open(folder)) {
            try (CheckIndex check = new CheckIndex(opened.directory, new NoLock())) {
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                check.setInfoStream(new PrintStream(out, true, StandardCharsets.UTF_8));
                CheckIndex.Status status = check.checkIndex();
                if (!status.clean) {
                    wrong.add(status.numBadSegments + " of " + status.numSegments
                            + " segments are damaged: "
                            + Arrays.stream(out.toString(StandardCharsets.UTF_8).split("\n"))
                                    .filter(line -> line.contains("Exception"))
                                    .findFirst()
                                    .orElse("see CheckIndex")
                                    .strip());
                    return wrong;
                }
            }
            for (boolean trajectories : new boolean[] {true, false}) {
                for (Graph graph : opened.graphs(trajectories)) {
                    if (graph.reachable() < graph.nodes()) {
                        wrong.add("the graph of " + (trajectories ? "trajectories" : "embeddings") + " in segment "
                                + graph.segment() + " reaches " + graph.reachable() + " of " + graph.nodes() + " maps");
                    }
                }
            }
            opened.forEach(map -> {
                for (float p : map.probabilities()) {
                    if (!(p >= 0 && p <= 1.001f)) {
                        wrong.add("map " + map.id() + " has a probability of " + p);
                        break;
                    }
                }
            });
        } catch (MapIndexException e) {
            wrong.add(String.valueOf(e.getMessage()));
        } catch (CorruptIndexException | NoSuchFileException e) {
            wrong.add("a file is damaged or missing: " + e.getMessage());
        }
        return wrong;
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
