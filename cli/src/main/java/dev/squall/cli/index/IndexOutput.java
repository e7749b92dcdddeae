package dev.squall.cli.index;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.ColorChoice;
import dev.squall.cli.terminal.ExpertHeatMap;
import dev.squall.cli.terminal.Palette;
import dev.squall.cli.terminal.TerminalWidth;
import dev.squall.cli.terminal.TextTable;
import dev.squall.cli.terminal.WrappedText;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What the commands of {@code squall index} print: lines of a name and a text, heat maps and JSON.
 *
 * @param width of a line at most, so far as words allow
 */
record IndexOutput(PrintStream out, int width, Palette palette) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NAME_WIDTH = 19;

    static IndexOutput of(Streams streams, Environment environment, ColorChoice color) {
        return new IndexOutput(
                streams.out(),
                TerminalWidth.of(streams, environment),
                color.palette(streams.outTerminal(), environment));
    }

    /** Where no terminal is asked for its width. */
    static IndexOutput plain(PrintStream out) {
        return new IndexOutput(out, TerminalWidth.DEFAULT, new Palette(false));
    }

    /** What a command did, in one line where no terminal breaks it. */
    static void result(Streams streams, Environment environment, String text) {
        int width = streams.outTerminal() ? TerminalWidth.of(streams, environment) : 0;
        streams.out().println(WrappedText.of(text, width, 0));
    }

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    void json(ObjectNode object) throws IOException {
        out.println(JSON.writeValueAsString(object));
    }

    void line(String name, String text) {
        out.println(palette.dim(String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", name))
                + " "
                + WrappedText.of(text, width, NAME_WIDTH + 1));
    }

    void table(TextTable table) {
        table.lines(width).forEach(out::println);
    }

    /** A text that belongs to the one above. */
    void indented(String text) {
        out.println("  " + WrappedText.of(text, width, 2));
    }

    void text(String text) {
        out.println(WrappedText.of(text, width, 0));
    }

    /**
     * A row a layer, as wide as fits, under a line that says what it is and above the numbers of experts and the scale. The
     * layers of the pass before, where a map has them, stand above those of the pass itself.
     *
     * @param percent L x J
     */
    void heatMap(String title, double[][] percent, MapLayers layers) {
        ExpertHeatMap map = new ExpertHeatMap(percent.length, percent[0].length, Math.max(8, width - 7));
        text(title
                + (map.expertsPerColumn() > 1
                        ? " (" + map.expertsPerColumn() + " experts a column, the largest of them)"
                        : "")
                + ":");
        List<String> bands = layers.bands();
        List<String> rows = map.rows((layer, expert) -> percent[layer][expert]);
        for (int layer = 0; layer < rows.size(); layer++) {
            if (!bands.isEmpty() && layers.layer(layer) == 0) {
                text(bands.get(layer / layers.layerCount()));
            }
            out.println(palette.dim(String.format(Locale.ROOT, "%4d |", layers.layer(layer)))
                    + rows.get(layer)
                    + palette.dim("|"));
        }
        out.println(palette.dim("      " + map.axis()));
        double most =
                Arrays.stream(percent).flatMapToDouble(Arrays::stream).max().orElse(0);
        text(ExpertHeatMap.scale(String.format(Locale.ROOT, "%.1f %%", most)));
    }

    /** Rows of numbers as arrays of arrays. */
    static void put(ObjectNode object, String name, double[][] values) {
        ArrayNode rows = object.putArray(name);
        for (double[] line : values) {
            ArrayNode row = rows.addArray();
            for (double value : line) {
                row.add(value);
            }
        }
    }
}
