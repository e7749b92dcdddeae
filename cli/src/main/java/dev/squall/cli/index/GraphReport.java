package dev.squall.cli.index;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.plot.HtmlPage;
import dev.squall.cli.plot.LinePlot;
import dev.squall.index.MapIndexReader.Graph;
import dev.squall.index.MapIndexReader.Level;
import dev.squall.index.MapIndexReader.Segment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * The graphs of an index, told as lines, as JSON and as a page.
 *
 * @param segments all of them
 * @param trajectories over trajectories, one a segment
 * @param embeddings over embeddings
 */
record GraphReport(List<Segment> segments, List<Graph> trajectories, List<Graph> embeddings) {
    private static final String NONE = "no graph: so few maps are compared one by one";
    private static final String DUE =
            "no graph yet: the maps are compared one by one until squall index check --repair, or whatever writes the"
                    + " index next, makes it";
    private static final String READING =
            "A search enters on the highest level and follows neighbours down; what the graph"
                    + " does not lead to, it does not find. Those are mostly maps next to equal to others that it"
                    + " does lead to: squall index recall tells what searches miss. A node has at most 32"
                    + " neighbours on level 0 and 16 above.";

    void print(IndexOutput output) {
        print(output, "trajectory", trajectories);
        print(output, "semantic", embeddings);
        if (!trajectories.isEmpty() || !embeddings.isEmpty()) {
            output.text(READING);
        }
    }

    /** Segments without a graph, those for which it is yet to be made or the others, in words. */
    private List<String> without(List<Graph> graphs, boolean isDue) {
        return segments.stream()
                .filter(segment -> segment.lacksGraph() == isDue
                        && graphs.stream().noneMatch(graph -> graph.segment().equals(segment.name())))
                .map(segment -> segment.name() + String.format(Locale.ROOT, " (%,d maps)", segment.maps()))
                .toList();
    }

    private void print(IndexOutput output, String field, List<Graph> graphs) {
        List<String> due = without(graphs, true);
        if (!due.isEmpty()) {
            output.line(field, String.join(", ", due) + ": " + DUE);
        }
        List<String> without = without(graphs, false);
        if (!without.isEmpty() || segments.isEmpty()) {
            output.line(
                    field, without.isEmpty() ? "no maps, and so no graph" : String.join(", ", without) + ": " + NONE);
        }
        for (Graph graph : graphs) {
            output.line(
                    field + " " + graph.segment(),
                    String.format(
                            Locale.ROOT,
                            "%,d nodes on %d %s, %,d reachable (%.2f %%)",
                            graph.nodes(),
                            graph.levels().size(),
                            graph.levels().size() == 1 ? "level" : "levels",
                            graph.reachable(),
                            100.0 * graph.reachable() / graph.nodes()));
            for (int level = graph.levels().size() - 1; level >= 0; level--) {
                Level of = graph.levels().get(level);
                output.line(
                        "  level " + level,
                        of.nodes() == 1
                                ? "1 node, where searches enter"
                                : String.format(
                                        Locale.ROOT,
                                        "%,d nodes, %d to %d neighbours (mean %.1f)",
                                        of.nodes(),
                                        of.degreeLeast(),
                                        of.degreeMost(),
                                        of.degreeMean()));
            }
        }
    }

    ObjectNode json() {
        ObjectNode object = IndexOutput.object();
        put(object.putArray("trajectory"), trajectories);
        put(object.putArray("semantic"), embeddings);
        return object;
    }

    private static void put(ArrayNode array, List<Graph> graphs) {
        for (Graph graph : graphs) {
            ObjectNode node = array.addObject()
                    .put("segment", graph.segment())
                    .put("nodes", graph.nodes())
                    .put("reachable", graph.reachable());
            ArrayNode levels = node.putArray("levels");
            graph.levels().forEach(level -> levels.addObject()
                    .put("nodes", level.nodes())
                    .put("degree_least", level.degreeLeast())
                    .put("degree_mean", level.degreeMean())
                    .put("degree_most", level.degreeMost()));
            graph.nodesByDegree().forEach(node.putArray("nodes_by_degree")::add);
        }
    }

    HtmlPage page(String title) {
        HtmlPage page = new HtmlPage(title)
                .paragraph("Each segment of the index has a graph over its maps for either search, unless it is small. "
                        + READING);
        section(page, "Trajectories", trajectories);
        section(page, "Embeddings", embeddings);
        return page;
    }

    private void section(HtmlPage page, String heading, List<Graph> graphs) {
        page.heading(heading);
        List<String> due = without(graphs, true);
        if (!due.isEmpty()) {
            page.paragraph(named(due) + ": " + DUE + ".");
        }
        List<String> without = without(graphs, false);
        if (!without.isEmpty()) {
            page.paragraph(named(without) + ": " + NONE + ".");
        }
        if (graphs.isEmpty()) {
            return;
        }
        List<List<String>> rows = new ArrayList<>();
        for (Graph graph : graphs) {
            for (int level = graph.levels().size() - 1; level >= 0; level--) {
                Level of = graph.levels().get(level);
                rows.add(List.of(
                        graph.segment(),
                        Integer.toString(level),
                        String.format(Locale.ROOT, "%,d", of.nodes()),
                        of.nodes() == 1 ? "none" : of.degreeLeast() + " to " + of.degreeMost(),
                        of.nodes() == 1 ? "" : String.format(Locale.ROOT, "%.1f", of.degreeMean()),
                        level > 0
                                ? ""
                                : String.format(Locale.ROOT, "%.2f %%", 100.0 * graph.reachable() / graph.nodes())));
            }
        }
        page.table(List.of("segment", "level", "nodes reached", "neighbours", "mean", "of all maps"), rows);
        List<LinePlot.Line> lines = graphs.stream()
                .sorted(Comparator.comparingInt(Graph::nodes).reversed())
                .limit(LinePlot.LINES_MAX)
                .map(GraphReport::degrees)
                .toList();
        page.figure(new LinePlot(
                "Neighbours of a node on the lowest level, largest segments", "neighbours", "% of the nodes", lines));
    }

    private static String named(List<String> segments) {
        return (segments.size() == 1 ? "Segment " : "Segments ") + String.join(", ", segments);
    }

    private static LinePlot.Line degrees(Graph graph) {
        int least = graph.levels().getFirst().degreeLeast();
        double[] x = new double[graph.nodesByDegree().size() - least];
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = least + i;
            y[i] = 100.0 * graph.nodesByDegree().get(least + i) / graph.reachable();
        }
        return new LinePlot.Line(graph.segment(), x, y);
    }
}
