package dev.squall.cli.answer;

import dev.squall.cli.terminal.ExpertHeatMap;
import dev.squall.cli.terminal.WrappedText;
import dev.squall.generate.LanguageModel;
import dev.squall.predict.PredictionCounters;
import dev.squall.routing.LayerRouting;
import dev.squall.routing.RoutingObserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Which experts the last answer used, and which are in memory now. */
public final class ExpertUse implements RoutingObserver {
    private final LanguageModel model;
    private final int layerCount;
    private final int expertCount;
    private final long[] counts;
    private long choices;

    public ExpertUse(LanguageModel model) {
        this.model = model;
        layerCount = model.hyperparameters().blockCount();
        expertCount = model.hyperparameters().expertCount();
        counts = new long[layerCount * expertCount];
    }

    /** Forgets the answer before. */
    public synchronized void begin() {
        Arrays.fill(counts, 0);
        choices = 0;
    }

    @Override
    public synchronized void onRouted(LayerRouting routing) {
        int n = routing.rows().size() * routing.usedCount();
        for (int choice = 0; choice < n; choice++) {
            counts[routing.layer() * expertCount + routing.experts()[choice]]++;
        }
        choices += n;
    }

    /** How often each expert was used, a row a layer; no rows if none was. */
    public synchronized double[][] counts() {
        double[][] rows = new double[choices == 0 ? 0 : layerCount][expertCount];
        for (int layer = 0; layer < rows.length; layer++) {
            for (int expert = 0; expert < expertCount; expert++) {
                rows[layer][expert] = counts[layer * expertCount + expert];
            }
        }
        return rows;
    }

    /**
     * For people.
     *
     * @param width of the terminal; 0 if it is not known
     */
    public synchronized List<String> lines(int width) {
        if (choices == 0) {
            return List.of("no answer yet that used experts");
        }
        boolean hasCache = model.expertSlots().isPresent();
        int columns = Math.clamp(((width > 0 ? width : 80) - 12) / (hasCache ? 2 : 1), 8, 128);
        ExpertHeatMap map = new ExpertHeatMap(layerCount, expertCount, columns);
        List<String> used = map.rows((layer, expert) -> counts[layer * expertCount + expert]);
        List<String> held = hasCache ? map.rows((layer, expert) -> model.isResident(layer, expert) ? 1 : 0) : List.of();
        List<String> lines = new ArrayList<>();
        String title = "how often the last answer used each expert (" + choices + " uses)"
                + (hasCache ? ", and which are in memory now (@)" : "; all are in memory")
                + (map.expertsPerColumn() > 1
                        ? ", " + map.expertsPerColumn() + " experts a column, the largest of them"
                        : "");
        lines.addAll(WrappedText.lines(title, width, 0));
        if (hasCache) {
            lines.add("      used" + " ".repeat(used.getFirst().length()) + "in memory");
        }
        for (int layer = 0; layer < layerCount; layer++) {
            lines.add(String.format(Locale.ROOT, "%4d |%s|", layer, used.get(layer))
                    + (hasCache ? "  |" + held.get(layer) + "|" : ""));
        }
        String axis = map.axis();
        lines.add("      " + axis + (hasCache ? " ".repeat(used.getFirst().length() - axis.length() + 4) + axis : ""));
        long most = Arrays.stream(counts).max().orElse(0);
        lines.addAll(WrappedText.lines(
                ExpertHeatMap.scale(most == 1 ? "1 use" : most + " uses") + "; a row a layer", width, 0));
        if (hasCache) {
            PredictionCounters forecasts = model.predictionCounters();
            String counters = String.format(
                    Locale.ROOT,
                    "%,d slots for experts. Since the start: %,d layers forecast, %.0f us each; %,d layers came too fast for"
                            + " a forecast; %,d searches for maps, %.0f us each",
                    model.expertSlots().getAsInt(),
                    forecasts.observed(),
                    forecasts.predictionNanos() / 1e3 / Math.max(1, forecasts.observed()),
                    forecasts.dropped(),
                    forecasts.searches(),
                    forecasts.searchNanos() / 1e3 / Math.max(1, forecasts.searches()));
            lines.addAll(WrappedText.lines(counters, width, 0));
        }
        return lines;
    }
}
