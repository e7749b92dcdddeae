package dev.squall.cli.terminal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Columns with heads, each as wide as its widest cell; where that is too much, texts break between words. */
public final class TextTable {
    private static final String GAP = "  ";

    /** No column of texts becomes narrower by breaking. */
    private static final int TEXT_WIDTH_MIN = 8;

    private final List<Boolean> areTexts = new ArrayList<>();
    private final List<String> heads = new ArrayList<>();
    private final List<List<String>> rows = new ArrayList<>();

    /** Adds a column of numbers, which end at one edge. */
    public TextTable number(String head) {
        heads.add(head);
        areTexts.add(false);
        return this;
    }

    /** Adds a column of texts, which begin at one edge. */
    public TextTable text(String head) {
        heads.add(head);
        areTexts.add(true);
        return this;
    }

    /** Adds a row with a cell for each column. */
    public void row(String... cells) {
        row(Arrays.asList(cells));
    }

    /** Adds a row with a cell for each column. */
    public void row(List<String> cells) {
        if (cells.size() != heads.size()) {
            throw new IllegalArgumentException(cells.size() + " cells, expected " + heads.size());
        }
        rows.add(List.copyOf(cells));
    }

    /**
     * Head and rows.
     *
     * @param width of a line at most, so far as words allow
     */
    public List<String> lines(int width) {
        int[] widths = widths(width);
        List<String> lines = new ArrayList<>(format(heads, widths));
        rows.forEach(row -> lines.addAll(format(row, widths)));
        return lines;
    }

    private int[] widths(int width) {
        int[] widths = new int[heads.size()];
        for (int column = 0; column < widths.length; column++) {
            widths[column] = heads.get(column).length();
            for (List<String> row : rows) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        // What is too much is taken from the widest text, character by character.
        for (int over = Arrays.stream(widths).sum() + GAP.length() * (widths.length - 1) - width; over > 0; over--) {
            int widest = -1;
            for (int column = 0; column < widths.length; column++) {
                if (areTexts.get(column)
                        && widths[column] > TEXT_WIDTH_MIN
                        && (widest < 0 || widths[column] > widths[widest])) {
                    widest = column;
                }
            }
            if (widest < 0) {
                break;
            }
            widths[widest]--;
        }
        return widths;
    }

    /** A row, whose broken texts go on in lines below. */
    private List<String> format(List<String> cells, int[] widths) {
        List<List<String>> parts = new ArrayList<>();
        for (int column = 0; column < widths.length; column++) {
            parts.add(
                    areTexts.get(column)
                            ? WrappedText.broken(cells.get(column), widths[column])
                            : List.of(cells.get(column)));
        }
        List<String> lines = new ArrayList<>();
        int count = Collections.max(parts.stream().map(List::size).toList());
        for (int line = 0; line < count; line++) {
            StringBuilder text = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                List<String> part = parts.get(column);
                String cell = line < part.size() ? part.get(line) : "";
                String space = " ".repeat(Math.max(0, widths[column] - cell.length()));
                text.append(column == 0 ? "" : GAP).append(areTexts.get(column) ? cell + space : space + cell);
            }
            lines.add(text.toString().stripTrailing());
        }
        return lines;
    }
}
