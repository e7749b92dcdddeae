package dev.squall.cli.index;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.terminal.TextTable;
import dev.squall.index.MapIndexReader;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What a query found, for people and as JSON.
 *
 * @param kind of what was asked about
 * @param passes that were asked about
 * @param byEmbedding the maps most similar to the last pass by its token
 * @param byTrajectory those most similar by all of its layers
 * @param rows for which experts were foretold
 * @param distance how many layers ahead
 */
record QueryReport(
        MapIndexReader reader,
        MapLayers layers,
        Kind kind,
        int passes,
        MapMatches byEmbedding,
        MapMatches byTrajectory,
        List<MapForecasts.Row> rows,
        int distance) {
    /** A trajectory as similar as that is the same one. */
    private static final float THE_SAME = 0.9995f;

    /** What is asked about. */
    enum Kind {
        PROMPT,
        STORED_MAP,
        GIVEN_MAP
    }

    void print(IndexOutput output) {
        nearest(output);
        output.out().println();
        forecasts(output);
    }

    private void nearest(IndexOutput output) {
        String asked = kind == Kind.PROMPT
                ? "the answer took " + passes + (passes == 1 ? " pass" : " passes") + " of one token; of "
                : "of ";
        output.text(asked + String.format(Locale.ROOT, "%,d", reader.maps()) + " maps, those most similar to "
                + (kind == Kind.PROMPT ? "the last pass:" : "this one:"));
        TextTable table = new TextTable()
                .text("by")
                .number("map")
                .number("similarity")
                .number("conversation")
                .number("position");
        list(table, "embedding", byEmbedding);
        list(table, "trajectory", byTrajectory);
        output.table(table);
        output.text(
                "embedding: the cosine of the tokens' embeddings, 1 for the same token, whatever the text; trajectory:"
                        + " the mean cosine of the layers"
                        + (layers.passes() == 1 ? "" : ", of the pass before and of this one"));
        boolean isLearnt = byTrajectory.count() > 0 && byTrajectory.score(0) > THE_SAME;
        if (kind == Kind.PROMPT && isLearnt) {
            output.text("this very text has been learnt: to judge the predictor, ask something that has not");
        } else if (kind == Kind.GIVEN_MAP && isLearnt) {
            output.text("this very map has been learnt: to judge the predictor, ask for one that has not");
        }
    }

    private void list(TextTable table, String name, MapMatches matches) {
        for (int i = 0; i < matches.count(); i++) {
            table.row(
                    i == 0 ? name : "",
                    Long.toString(reader.id(matches, i)),
                    // Halves may be a little longer than the unit.
                    String.format(Locale.ROOT, "%.4f", Math.min(1, matches.score(i))),
                    Long.toString(matches.origin(i).conversation()),
                    Integer.toString(matches.origin(i).position()));
        }
    }

    private void forecasts(IndexOutput output) {
        MapShape shape = reader.index().shape();
        boolean isPrompt = kind == Kind.PROMPT;
        output.text("predicted: the " + shape.usedCount() + " likeliest experts of the"
                + (kind == Kind.STORED_MAP ? " other" : "") + " map most similar up to "
                + (distance == 1 ? "the layer" : distance + " layers") + " before"
                + (layers.passes() == 1 ? "" : " (before layer 0 come those of the pass before)")
                + (isPrompt ? "; used: by the last pass" : "; likeliest: of this map")
                + "; found: how many of them were predicted"
                + (passes == 1 ? "" : ", then that of all " + passes + " passes")
                + "; preferred: how many always fetching the " + shape.usedCount()
                + " that all maps prefer there would find");
        TextTable table = new TextTable()
                .text("layer")
                .text("predicted")
                .text(isPrompt ? "used" : "likeliest")
                .number("found");
        if (passes > 1) {
            table.number("of all");
        }
        table.number("preferred");
        for (MapForecasts.Row row : rows) {
            List<String> cells = new ArrayList<>(List.of(
                    layers.layer(row.number()) + (layers.isBefore(row.number()) ? " before" : ""),
                    numbers(row.lastPredicted()),
                    numbers(row.lastUsed()),
                    row.lastFound() + " of " + row.lastUsed().size()));
            if (passes > 1) {
                cells.add(share(row.found(), row.used()));
            }
            cells.add(share(row.foundByPreference(), row.used()));
            table.row(cells);
        }
        output.table(table);
        if (layers.passes() == 1) {
            output.text(
                    distance == 1
                            ? "layer 0 has none before it that could foretell its experts"
                            : "the first " + distance
                                    + " layers have none far enough before them to foretell their experts");
        }
        verdict(output, shape);
    }

    private void verdict(IndexOutput output, MapShape shape) {
        long used = rows.stream().mapToLong(MapForecasts.Row::used).sum();
        long found = rows.stream().mapToLong(MapForecasts.Row::found).sum();
        long preferred =
                rows.stream().mapToLong(MapForecasts.Row::foundByPreference).sum();
        String verdict = found > preferred
                ? "so the maps tell more than that here"
                : "so the maps tell no more than that here: more conversations like this one may help";
        output.text(String.format(
                Locale.ROOT,
                "in all %.1f %% of %d used experts. Always the %d that the maps prefer in a layer: %.1f %%; any %d of"
                        + " %d: %.1f %%; %s",
                100.0 * found / used,
                used,
                shape.usedCount(),
                100.0 * preferred / used,
                shape.usedCount(),
                shape.expertCount(),
                100.0 * shape.usedCount() / shape.expertCount(),
                verdict));
    }

    private static String numbers(List<Integer> experts) {
        return experts.stream().sorted().map(String::valueOf).collect(Collectors.joining(" "));
    }

    private static String share(long some, long all) {
        return String.format(Locale.ROOT, "%.0f %%", 100.0 * some / all);
    }

    ObjectNode json() {
        ObjectNode object = IndexOutput.object();
        object.put("passes", passes);
        put(object.putArray("by_embedding"), byEmbedding);
        put(object.putArray("by_trajectory"), byTrajectory);
        ArrayNode array = object.putArray("layers");
        for (MapForecasts.Row row : rows) {
            ObjectNode node = array.addObject();
            layers.put(node, row.number());
            node.put("used_experts", row.used())
                    .put("found", row.found())
                    .put("found_by_preference", row.foundByPreference());
            row.lastPredicted().forEach(node.putArray("predicted")::add);
            row.lastUsed().forEach(node.putArray("used")::add);
        }
        return object;
    }

    private void put(ArrayNode array, MapMatches matches) {
        for (int i = 0; i < matches.count(); i++) {
            MapOrigin origin = matches.origin(i);
            array.addObject()
                    .put("id", reader.id(matches, i))
                    .put("score", Math.min(1, matches.score(i)))
                    .put("conversation", origin.conversation())
                    .put("position", origin.position());
        }
    }
}
