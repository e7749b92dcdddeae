package dev.squall.index;

import dev.squall.index.MapIndexReader.Graph;
import dev.squall.index.MapIndexReader.Level;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.lucene.codecs.hnsw.HnswGraphProvider;
import org.apache.lucene.codecs.perfield.PerFieldKnnVectorsFormat;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.hnsw.HnswGraph;
import org.apache.lucene.util.hnsw.HnswGraphSearcher;
import org.jspecify.annotations.Nullable;

/** The graphs of segments. Lucene's classes for them are experimental, so nothing else uses them. */
final class SegmentGraphs {
    /**
     * Lucene's measure of segments that are large enough for a graph: {@code threshold · ln(maps) < maps}, here from some
     * 2,000 on. Smaller ones are searched one by one in the time of a graph, and merged in a fraction of it.
     */
    static final int THRESHOLD = 268;

    /** The share of maps that may be gone from a graph that is taken over. */
    private static final double GONE_MOST = 0.05;

    private SegmentGraphs() {}

    /** The name of a segment's files. */
    static String name(LeafReader leaf) {
        String text = leaf.toString();
        int end = text.indexOf('(');
        return end < 0 ? text : text.substring(0, end);
    }

    /** Whether graphs of a segment are yet to be made, which is large enough for them in Lucene's eyes. */
    static boolean areDue(LeafReader leaf) throws IOException {
        int maps = leaf.maxDoc();
        int visited = HnswGraphSearcher.expectedVisitedNodes(THRESHOLD, maps);
        return visited > 0
                && maps > visited
                && (graph(leaf, MapDocuments.TRAJECTORY) == null || graph(leaf, MapDocuments.SEMANTIC) == null);
    }

    /**
     * Whether the graphs of a segment can go over to where its maps are written anew. Lucene mends them up to two
     * fifths gone, which takes longer than to make them and leaves maps that no search reaches.
     */
    static boolean areWorthTaking(LeafReader leaf) {
        return leaf.maxDoc() - leaf.numDocs() <= leaf.maxDoc() * GONE_MOST;
    }

    /** What a segment's graph of a field looks like; null if there is none. */
    static @Nullable Graph walk(LeafReader leaf, String field) throws IOException {
        HnswGraph graph = graph(leaf, field);
        return graph == null ? null : graph(name(leaf), graph);
    }

    /** Whether a segment has a graph of a field. */
    static boolean has(LeafReader leaf, String field) throws IOException {
        return graph(leaf, field) != null;
    }

    private static @Nullable HnswGraph graph(LeafReader leaf, String field) throws IOException {
        if (leaf instanceof CodecReader codec
                && codec.getVectorReader() instanceof PerFieldKnnVectorsFormat.FieldsReader fields
                && fields.getFieldReader(field) instanceof HnswGraphProvider provider) {
            HnswGraph graph = provider.getGraph(field);
            return graph == null || graph.size() == 0 ? null : graph;
        }
        return null;
    }

    /** Walks as a search does: from the entry point down the levels, each begun wherever the one above came. */
    private static Graph graph(String segment, HnswGraph graph) throws IOException {
        int nodes = graph.size();
        boolean[] reached = new boolean[nodes];
        reached[graph.entryNode()] = true;
        List<Level> levels = new ArrayList<>();
        int[] byDegree = new int[0];
        for (int level = graph.numLevels() - 1; level >= 0; level--) {
            byDegree = nodesByDegree(graph, level, reached);
            levels.addFirst(level(byDegree));
        }
        List<Integer> list = Arrays.stream(byDegree).boxed().toList();
        return new Graph(
                segment, nodes, List.copyOf(levels), list, levels.getFirst().nodes());
    }

    /** Of the nodes that are reachable on a level, how many have 0, 1, 2, ... neighbours. */
    private static int[] nodesByDegree(HnswGraph graph, int level, boolean[] reached) throws IOException {
        int[] byDegree = new int[1];
        int[] stack = new int[reached.length];
        int height = 0;
        for (int node = 0; node < reached.length; node++) {
            if (reached[node]) {
                stack[height++] = node;
            }
        }
        while (height > 0) {
            graph.seek(level, stack[--height]);
            int degree = 0;
            for (int next = graph.nextNeighbor(); next != DocIdSetIterator.NO_MORE_DOCS; next = graph.nextNeighbor()) {
                degree++;
                if (!reached[next]) {
                    reached[next] = true;
                    stack[height++] = next;
                }
            }
            if (degree >= byDegree.length) {
                byDegree = Arrays.copyOf(byDegree, degree + 1);
            }
            byDegree[degree]++;
        }
        return byDegree;
    }

    private static Level level(int[] nodesByDegree) {
        int nodes = 0;
        long neighbours = 0;
        int least = nodesByDegree.length;
        for (int degree = 0; degree < nodesByDegree.length; degree++) {
            nodes += nodesByDegree[degree];
            neighbours += (long) degree * nodesByDegree[degree];
            if (nodesByDegree[degree] > 0) {
                least = Math.min(least, degree);
            }
        }
        return new Level(nodes, least, (double) neighbours / nodes, nodesByDegree.length - 1);
    }
}
