package dev.squall.cli.plot;

import java.util.Arrays;
import java.util.List;

/**
 * Numbers of rows and columns as cells, stronger for more.
 *
 * @param title what is shown
 * @param rowLabel what a row is
 * @param columnLabel what a column is
 * @param values not negative; rows of equal length
 * @param unit of a value, as it stands after the number
 * @param bands what the rows are, from top to bottom, in as many parts of equal height, each numbered from 0; empty for
 *     rows of one kind
 */
public record HeatMapPlot(
        String title, String rowLabel, String columnLabel, double[][] values, String unit, List<String> bands)
        implements Figure {
    private static final int WIDTH = 760;
    private static final int LEFT = 70;
    private static final int RIGHT = 16;
    private static final int BOTTOM = 44;
    private static final int TOP = 4;
    private static final double CELL_HEIGHT_MAX = 22;
    private static final double LABEL_WIDTH = 26;
    private static final double LABEL_HEIGHT = 14;
    private static final int SHADES = 8;
    private static final int BAND_GAP = 14;

    public HeatMapPlot {
        if (values.length == 0 || values[0].length == 0) {
            throw new IllegalArgumentException("a heat map of no cells");
        }
        if (!bands.isEmpty() && values.length % bands.size() != 0) {
            throw new IllegalArgumentException(values.length + " rows in " + bands.size() + " bands");
        }
    }

    /** Of rows of one kind. */
    public HeatMapPlot(String title, String rowLabel, String columnLabel, double[][] values, String unit) {
        this(title, rowLabel, columnLabel, values, unit, List.of());
    }

    private int rowsOfBand() {
        return values.length / Math.max(1, bands.size());
    }

    /** The upper edge of a row. */
    private double top(int row, double cellHeight) {
        return TOP + row * cellHeight + row / rowsOfBand() * BAND_GAP;
    }

    @Override
    public String html() {
        int columns = values[0].length;
        double cellWidth = (double) (WIDTH - LEFT - RIGHT) / columns;
        double cellHeight = Math.min(CELL_HEIGHT_MAX, Math.max(cellWidth, 5));
        double bottom = top(values.length - 1, cellHeight) + cellHeight;
        double most = 0;
        for (double[] row : values) {
            for (double value : row) {
                most = Math.max(most, value);
            }
        }
        StringBuilder html = new StringBuilder();
        html.append("<figure><figcaption><b>").append(Markup.text(title)).append("</b>");
        shades(html, most);
        html.append("</figcaption>\n<div class=\"wide\"><svg viewBox=\"0 0 %d %s\" role=\"img\" aria-label=\"%s\">\n"
                .formatted(WIDTH, Markup.at(bottom + BOTTOM), Markup.text(title)));
        cells(html, cellWidth, cellHeight, most);
        int every = (int) Math.ceil(LABEL_HEIGHT / cellHeight);
        for (int row = 0; row < values.length; row++) {
            if (row % rowsOfBand() % every == 0) {
                html.append("<text class=\"end\" x=\"%d\" y=\"%s\" dy=\".35em\">%d</text>"
                        .formatted(LEFT - 8, Markup.at(top(row, cellHeight) + cellHeight / 2), row % rowsOfBand()));
            }
        }
        every = niceStep(LABEL_WIDTH / cellWidth);
        for (int column = 0; column < columns; column += every) {
            html.append("<text class=\"mid\" x=\"%s\" y=\"%s\">%d</text>"
                    .formatted(Markup.at(LEFT + (column + 0.5) * cellWidth), Markup.at(bottom + 16), column));
        }
        html.append("\n<text class=\"mid\" x=\"%d\" y=\"%s\">%s</text>"
                .formatted((LEFT + WIDTH - RIGHT) / 2, Markup.at(bottom + BOTTOM - 8), Markup.text(columnLabel)));
        for (int band = 0; band < Math.max(1, bands.size()); band++) {
            double middle = top(band * rowsOfBand(), cellHeight) + rowsOfBand() * cellHeight / 2;
            upwards(html, bands.isEmpty() ? 14 : 30, middle, rowLabel);
            if (!bands.isEmpty()) {
                upwards(html, 14, middle, bands.get(band));
            }
        }
        return html.append("</svg></div></figure>\n").toString();
    }

    private static void upwards(StringBuilder html, int across, double middle, String text) {
        html.append("<text class=\"mid\" transform=\"translate(%d %s) rotate(-90)\">%s</text>\n"
                .formatted(across, Markup.at(middle), Markup.text(text)));
    }

    /** The smallest of 1, 2, 4, 8, ... that is not below. */
    private static int niceStep(double least) {
        int step = 1;
        while (step < least) {
            step *= 2;
        }
        return step;
    }

    private void cells(StringBuilder html, double width, double height, double most) {
        boolean areCounts = areCounts();
        for (int row = 0; row < values.length; row += rowsOfBand()) {
            html.append("<rect class=\"none\" x=\"%d\" y=\"%s\" width=\"%s\" height=\"%s\"/>\n"
                    .formatted(
                            LEFT,
                            Markup.at(top(row, height)),
                            Markup.at(width * values[0].length),
                            Markup.at(height * rowsOfBand())));
        }
        for (int row = 0; row < values.length; row++) {
            html.append("<g class=\"cells\">");
            for (int column = 0; column < values[row].length; column++) {
                double value = values[row][column];
                html.append("<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill-opacity=\"%s\">"
                                .formatted(
                                        Markup.at(LEFT + column * width),
                                        Markup.at(top(row, height)),
                                        Markup.at(width),
                                        Markup.at(height),
                                        opacity(value, most)))
                        .append("<title>%s%s %d, %s %d: %s %s</title></rect>"
                                .formatted(
                                        bands.isEmpty() ? "" : Markup.text(bands.get(row / rowsOfBand())) + ", ",
                                        Markup.text(rowLabel),
                                        row % rowsOfBand(),
                                        Markup.text(columnLabel),
                                        column,
                                        text(value, areCounts),
                                        Markup.text(unit)));
            }
            html.append("</g>\n");
        }
    }

    private boolean areCounts() {
        return Arrays.stream(values).flatMapToDouble(Arrays::stream).allMatch(value -> value == Math.rint(value));
    }

    /** Counts have no decimals. */
    private static String text(double value, boolean isCount) {
        return isCount ? Axis.text(value, 1) : Axis.text(value);
    }

    /** Anything above nothing is seen. */
    private static String opacity(double value, double most) {
        return value <= 0 ? "0" : Axis.text(0.04 + 0.96 * value / most, 0.01);
    }

    private void shades(StringBuilder html, double most) {
        html.append("<span class=\"scale\">0");
        for (int i = 0; i <= SHADES; i++) {
            html.append("<i style=\"opacity:%s\"></i>".formatted(opacity(i, SHADES)));
        }
        html.append(Markup.text(List.of(text(most, areCounts()), unit).stream()
                        .reduce((a, b) -> a + " " + b)
                        .orElse("")))
                .append("</span>");
    }
}
