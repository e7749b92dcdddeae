package dev.squall.cli.terminal;

import java.util.ArrayList;
import java.util.List;

/** Numbers of layers and experts as characters, darker for more; what does not fit the width shares a column. */
public final class ExpertHeatMap {
    /** From nothing to the most. */
    static final String SHADES = " .:-=+*#%@";

    private static final int AXIS_STEP = 8;

    private final int layerCount;
    private final int expertCount;
    private final int group;

    /** The number of an expert. */
    @FunctionalInterface
    public interface Value {
        double of(int layer, int expert);
    }

    /** @param columnsMax characters of a row at most */
    public ExpertHeatMap(int layerCount, int expertCount, int columnsMax) {
        this.layerCount = layerCount;
        this.expertCount = expertCount;
        group = (expertCount + columnsMax - 1) / columnsMax;
    }

    /** How many experts share a character. */
    public int expertsPerColumn() {
        return group;
    }

    /** A row a layer; a column shows the largest number of its experts, relative to the largest of all. */
    public List<String> rows(Value value) {
        double most = 0;
        for (int layer = 0; layer < layerCount; layer++) {
            for (int expert = 0; expert < expertCount; expert++) {
                most = Math.max(most, value.of(layer, expert));
            }
        }
        List<String> rows = new ArrayList<>();
        for (int layer = 0; layer < layerCount; layer++) {
            StringBuilder row = new StringBuilder();
            for (int first = 0; first < expertCount; first += group) {
                double largest = 0;
                for (int expert = first; expert < Math.min(expertCount, first + group); expert++) {
                    largest = Math.max(largest, value.of(layer, expert));
                }
                row.append(shade(largest, most));
            }
            rows.add(row.toString());
        }
        return rows;
    }

    /** The numbers of experts under every eighth column. */
    public String axis() {
        StringBuilder axis = new StringBuilder();
        int columns = (expertCount + group - 1) / group;
        for (int column = 0; column < columns; column += AXIS_STEP) {
            String number = Integer.toString(column * group);
            if (column + number.length() <= columns) {
                axis.append(" ".repeat(column - axis.length())).append(number);
            }
        }
        return axis.toString();
    }

    /** What shades mean, where the darkest is the most there is, in words. */
    public static String scale(String most) {
        return "shades from \"" + SHADES.charAt(1) + "\" to \"" + SHADES.charAt(SHADES.length() - 1)
                + "\", each a tenth of the most, " + most;
    }

    /** Anything above nothing is seen. */
    private static char shade(double value, double most) {
        if (value <= 0) {
            return SHADES.charAt(0);
        }
        return SHADES.charAt((int) Math.clamp(value / most * SHADES.length(), 1, SHADES.length() - 1));
    }
}
