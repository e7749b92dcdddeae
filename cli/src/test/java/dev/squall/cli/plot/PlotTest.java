package dev.squall.cli.plot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;

class PlotTest {
    private static final Pattern COORDINATE = Pattern.compile("\\b(?:cx|x)=\"([-\\d.]+)\"");

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0      | 7      | 0 1 2 3 4 5 6 7
            0.2    | 21.8   | 0 5 10 15 20 25
            95     | 100    | 95 96 97 98 99 100
            -0.3   | 0.25   | -0.3 -0.2 -0.1 0.0 0.1 0.2 0.3
            3      | 3      | 3.0 3.5
            0      | 0      | 0.0 0.1 0.2 0.3 0.4 0.5
            0      | 123456 | 0 20,000 40,000 60,000 80,000 100,000 120,000 140,000
            0      | 4.4e-8 | 0 1e-8 2e-8 3e-8 4e-8 5e-8
            0.0001 | 0.0009 | 0.0000 0.0002 0.0004 0.0006 0.0008 0.0010
            """)
    void ticksAreRoundNumbersThatHoldTheValues(double least, double most, String ticks) {
        Axis axis = Axis.of(new double[] {least, Double.NaN, most});

        assertThat(axis.labels().getFirst()).isEqualTo(ticks.split(" ")[0]);
        assertThat(axis.least()).isLessThanOrEqualTo(least);
        assertThat(axis.most()).isGreaterThanOrEqualTo(most);
        if (least < most) {
            assertThat(String.join(" ", axis.labels())).isEqualTo(ticks);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0   | 32   | 32   | 0 5 10 15 20 25 30
            1   | 16   | 16   | 0 2 4 6 8 10 12 14 16
            0   | 1.52 | 1.52 | 0.0 0.2 0.4 0.6 0.8 1.0 1.2 1.4
            3   | 3    | 3.2  | 3.0 3.2
            """)
    void anAxisMayEndWithTheValues(double least, double most, double end, String ticks) {
        Axis axis = Axis.endingWith(new double[] {least, most});

        assertThat(axis.most()).isEqualTo(end);
        assertThat(axis.share(end)).isEqualTo(1);
        if (least < most) {
            assertThat(String.join(" ", axis.labels())).isEqualTo(ticks);
        }
    }

    @Test
    void anAxisOfNoValuesIsDrawnAllTheSame() {
        assertThat(Axis.of(new double[] {Double.NaN}).labels()).containsExactly("0", "1");
    }

    @Test
    void linesAreWithinThePlotAndBreakWhereNothingIsKnown() throws Exception {
        LinePlot plot = new LinePlot(
                "Throughput",
                "time, s",
                "tokens/s",
                List.of(
                        new LinePlot.Line("a <b>", new double[] {0, 1, 2, 3}, new double[] {1, Double.NaN, 5, 2}),
                        new LinePlot.Line("c", new double[] {0, 4}, new double[] {0, 1000})));

        String html = plot.html();

        parse(html);
        assertThat(html).contains("time, s", "tokens/s", "a &lt;b&gt;", "2.00 a &lt;b&gt;: 5.00");
        assertThat(html.split("<circle", -1)).hasSize(1 + 5);
        assertThat(Pattern.compile("<g class=\"line s0\"><path d=\"M[^M]*M[^M]*\"/>")
                        .matcher(html)
                        .find())
                .isTrue();
        assertThat(COORDINATE.matcher(html).results().map(PlotTest::number))
                .allSatisfy(x -> assertThat(x).isBetween(0.0, 760.0));
    }

    @Test
    void aHeatMapShowsEveryCellAndLabelsThatDoNotMeet() throws Exception {
        double[][] values = new double[48][128];
        values[47][127] = 3000;
        values[0][0] = 1;

        String html = new HeatMapPlot("Use", "layer", "expert", values, "uses").html();

        parse(html);
        assertThat(html.split("<rect", -1)).hasSize(2 + 48 * 128);
        assertThat(html)
                .contains("<title>layer 47, expert 127: 3,000 uses</title>", "fill-opacity=\"1.00\"")
                .contains("fill-opacity=\"0.04\"><title>layer 0, expert 0: 1 uses")
                .contains("3,000 uses</span>");
        List<Double> columns = Pattern.compile("class=\"mid\" x=\"([\\d.]+)\" y=\"[\\d.]+\">\\d")
                .matcher(html)
                .results()
                .map(PlotTest::number)
                .toList();
        assertThat(columns).hasSizeGreaterThan(8);
        for (int i = 1; i < columns.size(); i++) {
            assertThat(columns.get(i) - columns.get(i - 1)).isGreaterThan(25);
        }
    }

    @Test
    void aHeatMapOfBandsNumbersTheRowsOfEachAnew() throws Exception {
        double[][] values = new double[4][2];
        values[3][1] = 7;

        String html = new HeatMapPlot("Use", "layer", "expert", values, "%", List.of("before", "after")).html();

        parse(html);
        assertThat(html)
                .contains(">before</text>", ">after</text>", "<title>after, layer 1, expert 1: 7 %</title>")
                .doesNotContain("layer 3");
        assertThat(html.split(">layer</text>", -1)).hasSize(1 + 2);
        assertThat(html.split("<rect", -1)).hasSize(1 + 2 + 8);
    }

    @Test
    void aPageLoadsNothingAndTakesNoTextForMarkup(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("page.html");

        new HtmlPage("a & <script>alert(1)</script>")
                .heading("h")
                .paragraph("p > \"q\"")
                .table(List.of("k", "v"), List.of(List.of("x", "<i>")))
                .facts(List.of(List.of("name", "<b>")))
                .figure(new HeatMapPlot("m", "r", "c", new double[][] {{0}}, "u"))
                .write(file);

        String html = Files.readString(file);
        assertThat(html)
                .startsWith("<!DOCTYPE html>")
                .contains(
                        "<title>a &amp; &lt;script&gt;",
                        "<td>&lt;i&gt;</td>",
                        "<td>&lt;b&gt;</td>",
                        "prefers-color-scheme: dark")
                .doesNotContain("<script", "http://", "https://", "url(", "@import", "<img", "<link");
        assertThat(folder.toFile().list()).containsExactly("page.html");
    }

    private static double number(MatchResult match) {
        return Double.parseDouble(match.group(1));
    }

    /** Fails unless the figure is well-formed. */
    private static Document parse(String figure) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(figure.getBytes(StandardCharsets.UTF_8)));
    }
}
