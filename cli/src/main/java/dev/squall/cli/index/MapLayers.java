package dev.squall.cli.index;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.index.MapIndexReader;
import java.io.IOException;
import java.util.List;

/**
 * How the rows of an index's maps are layers of its model: those of one pass, or those of the pass before and then those of
 * the pass itself, as the policy {@code squall} learns them.
 *
 * @param layerCount of one pass
 * @param passes of a map, 1 or more
 */
record MapLayers(int layerCount, int passes) {
    static MapLayers of(MapIndexReader reader) throws IOException {
        int passes = reader.passes();
        return new MapLayers(reader.index().shape().layerCount() / passes, passes);
    }

    int rows() {
        return layerCount * passes;
    }

    /** Which layer of the model a row is. */
    int layer(int row) {
        return row % layerCount;
    }

    /** Whether a row is one of a pass before that of the map. */
    boolean isBefore(int row) {
        return row < firstOfPass();
    }

    /** The row of the pass's own first layer. */
    int firstOfPass() {
        return rows() - layerCount;
    }

    /** A row in words. */
    String name(int row) {
        return "layer " + layer(row) + (isBefore(row) ? " before" : "");
    }

    /** The first rows of a map, so many of them, in a few letters: "8 before + 4". */
    String known(int rows) {
        if (passes == 1) {
            return rows + " of " + layerCount;
        }
        return Math.min(rows, firstOfPass()) + " before" + (rows > firstOfPass() ? " + " + (rows - firstOfPass()) : "");
    }

    /** What a map is, in words. */
    String shape(int experts) {
        return (passes == 1 ? "" : passes + " passes x ") + layerCount + " layers x " + experts + " experts";
    }

    /** What the passes are, where there are several; else nothing. */
    List<String> note() {
        return passes == 1
                ? List.of()
                : List.of("each map holds the pass before and then the pass itself, as the policy squall learns them");
    }

    /** What each run of {@link #layerCount} rows is; nothing where there is but one. */
    List<String> bands() {
        return passes == 1 ? List.of() : List.of("pass before", "pass itself");
    }

    void put(ObjectNode object, int row) {
        object.put("layer", layer(row)).put("pass", isBefore(row) ? "before" : "itself");
    }
}
