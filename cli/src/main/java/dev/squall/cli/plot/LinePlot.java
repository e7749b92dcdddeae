package dev.squall.cli.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Lines over a common axis.
 *
 * @param title what is shown
 * @param xLabel the quantity along the lower edge, with its unit
 * @param yLabel that along the left edge
 * @param lines at most {@value #LINES_MAX}
 */
public record LinePlot(String title, String xLabel, String yLabel, List<Line> lines) implements Figure {
    /** As many as there are colours that are told apart. */
    public static final int LINES_MAX = 4;

    private static final int WIDTH = 760;
    private static final int HEIGHT = 260;
    private static final int LEFT = 70;
    private static final int RIGHT = 16;
    private static final int TOP = 10;
    private static final int BOTTOM = 44;

    /**
     * One line.
     *
     * @param x rising
     * @param y as many; NaN leaves a gap
     */
    public record Line(String name, double[] x, double[] y) {}

    public LinePlot {
        if (lines.isEmpty() || lines.size() > LINES_MAX) {
            throw new IllegalArgumentException(lines.size() + " lines, expected 1 to " + LINES_MAX);
        }
    }

    @Override
    public String html() {
        Axis x = Axis.endingWith(lines.stream().map(Line::x).toArray(double[][]::new));
        // From 0 on, so that plots of one quantity have one scale.
        Axis y = Axis.of(
                Stream.concat(Stream.of(new double[] {0}), lines.stream().map(Line::y))
                        .toArray(double[][]::new));
        StringBuilder html = new StringBuilder();
        html.append("<figure><figcaption><b>").append(Markup.text(title)).append("</b>");
        for (int i = 0; lines.size() > 1 && i < lines.size(); i++) {
            html.append("<span class=\"key s%d\">".formatted(i))
                    .append(Markup.text(lines.get(i).name()))
                    .append("</span>");
        }
        html.append("</figcaption>\n<div class=\"wide\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n"
                .formatted(WIDTH, HEIGHT, Markup.text(title)));
        axes(html, x, y);
        for (int i = 0; i < lines.size(); i++) {
            line(html, lines.get(i), i, x, y);
        }
        return html.append("</svg></div></figure>\n").toString();
    }

    private static double across(Axis axis, double value) {
        return LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT);
    }

    private static double down(Axis axis, double value) {
        return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM);
    }

    private void axes(StringBuilder html, Axis x, Axis y) {
        List<String> labels = y.labels();
        for (int i = 0; i < y.ticks(); i++) {
            String at = Markup.at(down(y, y.tick(i)));
            html.append("<path class=\"grid\" d=\"M%d %sH%d\"/>".formatted(LEFT, at, WIDTH - RIGHT))
                    .append("<text class=\"end\" x=\"%d\" y=\"%s\" dy=\".35em\">%s</text>\n"
                            .formatted(LEFT - 8, at, labels.get(i)));
        }
        labels = x.labels();
        for (int i = 0; i < x.ticks(); i++) {
            String at = Markup.at(across(x, x.tick(i)));
            html.append("<path class=\"axis\" d=\"M%s %dv5\"/>".formatted(at, HEIGHT - BOTTOM))
                    .append("<text class=\"mid\" x=\"%s\" y=\"%d\">%s</text>\n"
                            .formatted(at, HEIGHT - BOTTOM + 18, labels.get(i)));
        }
        html.append("<path class=\"axis\" d=\"M%d %dH%d\"/>\n".formatted(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT))
                .append("<text class=\"mid\" x=\"%d\" y=\"%d\">%s</text>\n"
                        .formatted((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, Markup.text(xLabel)))
                .append("<text class=\"mid\" transform=\"translate(14 %d) rotate(-90)\">%s</text>\n"
                        .formatted((TOP + HEIGHT - BOTTOM) / 2, Markup.text(yLabel)));
    }

    private void line(StringBuilder html, Line line, int number, Axis x, Axis y) {
        List<String> points = new ArrayList<>();
        StringBuilder path = new StringBuilder();
        boolean isGap = true;
        for (int i = 0; i < line.x().length; i++) {
            if (Double.isNaN(line.y()[i])) {
                isGap = true;
                continue;
            }
            String across = Markup.at(across(x, line.x()[i]));
            String down = Markup.at(down(y, line.y()[i]));
            path.append(isGap ? 'M' : 'L').append(across).append(' ').append(down);
            isGap = false;
            points.add("<circle cx=\"%s\" cy=\"%s\" r=\"%s\"><title>%s %s: %s</title></circle>"
                    .formatted(
                            across,
                            down,
                            line.x().length > 40 ? "1.5" : "2.5",
                            Axis.text(line.x()[i], x.step() / 10),
                            Markup.text(line.name()),
                            Axis.text(line.y()[i])));
        }
        html.append("<g class=\"line s%d\"><path d=\"%s\"/>".formatted(number, path))
                .append(String.join("", points))
                .append("</g>\n");
    }
}
