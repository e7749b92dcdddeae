package dev.squall.cli.batch;

import dev.squall.cli.answer.ExpertUse;
import dev.squall.cli.option.Sizes;
import dev.squall.cli.option.Version;
import dev.squall.cli.plot.HeatMapPlot;
import dev.squall.cli.plot.HtmlPage;
import dev.squall.cli.plot.LinePlot;
import dev.squall.cli.plot.LinePlot.Line;
import dev.squall.expert.CacheCounters;
import dev.squall.generate.LanguageModel;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What a batch looked like: a page with its totals, their course, and which experts it used. */
final class BatchReport {
    private final BatchHistory history;
    private final ExpertUse use;
    private final List<BatchHistory.Span> spans;
    private final double seconds;
    private final TimeUnitOfAxis unit;

    /** What a length of time is told in. */
    private enum TimeUnitOfAxis {
        SECONDS(1, "s"),
        MINUTES(60, "min"),
        HOURS(3600, "h");

        private final double seconds;
        private final String symbol;

        TimeUnitOfAxis(double seconds, String symbol) {
            this.seconds = seconds;
            this.symbol = symbol;
        }

        static TimeUnitOfAxis of(double seconds) {
            return seconds < 240 ? SECONDS : seconds < 4 * 3600 ? MINUTES : HOURS;
        }
    }

    /** @param use what observed the batch */
    BatchReport(BatchHistory history, ExpertUse use) {
        this.history = history;
        this.use = use;
        spans = history.spans();
        seconds = history.seconds();
        unit = TimeUnitOfAxis.of(seconds);
    }

    /**
     * The page.
     *
     * @param before answers that were there when this start began
     */
    HtmlPage page(Path input, LanguageModel model, BatchRun run, int before) {
        CacheCounters experts = total();
        boolean hasCache = model.expertSlots().isPresent();
        HtmlPage page = new HtmlPage("Batch of " + input.getFileName())
                .paragraph(model.file().paths().getFirst().getFileName() + ", "
                        + model.hyperparameters().blockCount() + " layers of "
                        + model.hyperparameters().expertCount() + " experts, " + model.threads() + " threads, "
                        + (hasCache
                                ? model.expertSlots().getAsInt() + " experts in memory at a time"
                                : "all experts in memory")
                        + ". Made by Squall " + Version.number() + " at "
                        + Instant.now().truncatedTo(ChronoUnit.SECONDS) + ".");
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("answered", Integer.toString(run.answered())));
        rows.add(List.of("failed", Integer.toString(run.failed())));
        rows.add(List.of("answered by earlier starts, not part of what follows", Integer.toString(before)));
        rows.add(List.of("time", String.format(Locale.ROOT, "%.1f s", seconds)));
        rows.add(List.of("tokens of prompts", rate(history.promptTokens(), seconds)));
        rows.add(List.of("tokens of answers", rate(history.answerTokens(), seconds)));
        if (hasCache) {
            long tokens = Math.max(1, history.promptTokens() + history.answerTokens());
            rows.add(List.of(
                    "experts found in memory",
                    String.format(
                            Locale.ROOT,
                            "%.1f %% of %,d",
                            100 * experts.hitRate(),
                            experts.hits() + experts.misses())));
            rows.add(List.of("experts read", Sizes.bytes(experts.bytesLoaded())));
            rows.add(List.of("read per token", Sizes.bytes(experts.bytesLoaded() / tokens)));
            rows.add(List.of("waited for reads", String.format(Locale.ROOT, "%.1f s", experts.stalledNanos() / 1e9)));
        }
        page.facts(rows);
        if (!spans.isEmpty()) {
            plots(page, hasCache);
        }
        double[][] uses = use.counts();
        if (uses.length > 0) {
            page.figure(new HeatMapPlot("Use of experts", "layer", "expert", uses, "uses"));
        }
        return page;
    }

    private void plots(HtmlPage page, boolean hasCache) {
        String time = "time since the start, " + unit.symbol;
        page.figure(new LinePlot(
                "Throughput",
                time,
                "tokens/s",
                List.of(
                        line("answers", span -> span.answerTokens() / length(span)),
                        line("prompts", span -> span.promptTokens() / length(span)))));
        page.figure(new LinePlot(
                "Latency of the answers that ended then",
                time,
                "seconds",
                List.of(
                        line("whole answer, 95 % below", span -> span.answerSeconds(0.95)),
                        line("whole answer, half below", span -> span.answerSeconds(0.5)),
                        line("first token, 95 % below", span -> span.firstTokenSeconds(0.95)),
                        line("first token, half below", span -> span.firstTokenSeconds(0.5)))));
        if (hasCache) {
            page.figure(new LinePlot(
                    "Experts found in memory",
                    time,
                    "hits, %",
                    List.of(line(
                            "hits",
                            span -> span.experts().hits() + span.experts().misses() == 0
                                    ? Double.NaN
                                    : 100 * span.experts().hitRate()))));
            page.figure(new LinePlot(
                    "Experts read",
                    time,
                    "MiB per token",
                    List.of(line(
                            "read",
                            span -> span.promptTokens() + span.answerTokens() == 0
                                    ? Double.NaN
                                    : span.experts().bytesLoaded()
                                            / (double) (1 << 20)
                                            / (span.promptTokens() + span.answerTokens())))));
        }
    }

    /** Each span's value at its middle. */
    private Line line(String name, ToDoubleFunction<BatchHistory.Span> value) {
        double[] x = new double[spans.size()];
        double[] y = new double[spans.size()];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i * history.spanSeconds() + length(spans.get(i)) / 2) / unit.seconds;
            y[i] = value.applyAsDouble(spans.get(i));
        }
        return new Line(name, x, y);
    }

    /** Seconds that a span lasted: the last one is not over. */
    private double length(BatchHistory.Span span) {
        double last = seconds - (spans.size() - 1) * history.spanSeconds();
        return span.equals(spans.getLast()) ? Math.clamp(last, 1e-3, history.spanSeconds()) : history.spanSeconds();
    }

    private CacheCounters total() {
        return spans.stream().map(BatchHistory.Span::experts).reduce(CacheCounters.ZERO, CacheCounters::plus);
    }

    private static String rate(long tokens, double seconds) {
        return String.format(Locale.ROOT, "%,d (%.1f/s)", tokens, seconds == 0 ? 0 : tokens / seconds);
    }
}
