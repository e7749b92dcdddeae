package dev.squall.cli.plot;

import java.util.List;

/**
 * Numbers of rows and columns as cells, stronger for more.
 *
 * @param title what is shown
 * @param rowLabel what a row is
 * @param columnLabel what a column is
 * @param values not negative; rows of equal length
 * @param unit of a value, as it stands after the number
 */
public record HeatMapPlot(String title, String rowLabel, String columnLabel, double[][] values, String unit)
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

    public HeatMapPlot {
        if (values.length == 0 || values[0].length == 0) {
            throw new IllegalArgumentException("a heat map of no cells");
        }
    }

    @Override
    public String html() {
        int columns = values[0].length;
        double cellWidth = (double) (WIDTH - LEFT - RIGHT) / columns;
        double cellHeight = Math.min(CELL_HEIGHT_MAX, Math.max(cellWidth, 5));
        double bottom = TOP + values.length * cellHeight;
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
        for (int row = 0; row < values.length; row += every) {
            html.append("<text class=\"end\" x=\"%d\" y=\"%s\" dy=\".35em\">%d</text>"
                    .formatted(LEFT - 8, Markup.at(TOP + (row + 0.5) * cellHeight), row));
        }
        every = niceStep(LABEL_WIDTH / cellWidth);
        for (int column = 0; column < columns; column += every) {
            html.append("<text class=\"mid\" x=\"%s\" y=\"%s\">%d</text>"
                    .formatted(Markup.at(LEFT + (column + 0.5) * cellWidth), Markup.at(bottom + 16), column));
        }
        html.append("\n<text class=\"mid\" x=\"%d\" y=\"%s\">%s</text>"
                        .formatted(
                                (LEFT + WIDTH - RIGHT) / 2, Markup.at(bottom + BOTTOM - 8), Markup.text(columnLabel)))
                .append("<text class=\"mid\" transform=\"translate(14 %s) rotate(-90)\">%s</text>\n"
                        .formatted(Markup.at((TOP + bottom) / 2), Markup.text(rowLabel)));
        return html.append("</svg></div></figure>\n").toString();
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
        html.append("<rect class=\"none\" x=\"%d\" y=\"%d\" width=\"%s\" height=\"%s\"/>\n"
                .formatted(LEFT, TOP, Markup.at(width * values[0].length), Markup.at(height * values.length)));
        for (int row = 0; row < values.length; row++) {
            html.append("<g class=\"cells\">");
            for (int column = 0; column < values[row].length; column++) {
                double value = values[row][column];
                html.append("<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill-opacity=\"%s\">"
                                .formatted(
                                        Markup.at(LEFT + column * width),
                                        Markup.at(TOP + row * height),
                                        Markup.at(width),
                                        Markup.at(height),
                                        opacity(value, most)))
                        .append("<title>%s %d, %s %d: %s %s</title></rect>"
                                .formatted(
                                        Markup.text(rowLabel),
                                        row,
                                        Markup.text(columnLabel),
                                        column,
                                        Axis.text(value),
                                        Markup.text(unit)));
            }
            html.append("</g>\n");
        }
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
        html.append(Markup.text(List.of(Axis.text(most), unit).stream()
                        .reduce((a, b) -> a + " " + b)
                        .orElse("")))
                .append("</span>");
    }
}
