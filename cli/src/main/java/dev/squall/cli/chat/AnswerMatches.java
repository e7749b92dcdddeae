package dev.squall.cli.chat;

import dev.squall.cli.terminal.WrappedText;
import dev.squall.generate.LanguageModel;
import dev.squall.model.RowBatch;
import dev.squall.predict.ExpertMapStore;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.routing.LayerRouting;
import dev.squall.routing.RoutingObserver;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Which maps of the policy's store the last pass of the last answer is like. L layers with experts, J experts, K used. */
final class AnswerMatches implements RoutingObserver {
    private static final int SHOWN = 5;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneId.systemDefault());

    private final LanguageModel model;
    private final int denseLayers;
    private final int layerCount;
    private final int expertCount;
    /** 2L x J: the pass before the last, then the last. */
    private final float[] passes;

    private int passCount;

    AnswerMatches(LanguageModel model) {
        this.model = model;
        denseLayers = model.hyperparameters().denseBlockCount();
        layerCount = model.hyperparameters().blockCount() - denseLayers;
        expertCount = model.hyperparameters().expertCount();
        passes = new float[2 * layerCount * expertCount];
    }

    @Override
    public synchronized void onPass(long pass, RowBatch rows) {
        passCount++;
        System.arraycopy(passes, passes.length / 2, passes, 0, passes.length / 2);
    }

    @Override
    public synchronized void onRouted(LayerRouting routing) {
        int last = (routing.rows().size() - 1) * expertCount;
        int at = passes.length / 2 + (routing.layer() - denseLayers) * expertCount;
        System.arraycopy(routing.probabilities(), last, passes, at, expertCount);
    }

    /**
     * For people.
     *
     * @param width of the terminal; 0 if it is not known
     */
    synchronized List<String> lines(int width) {
        Optional<ExpertMapStore> maps = model.maps();
        if (maps.isEmpty()) {
            return WrappedText.lines(
                    "no maps are kept: experts are in memory, or the policy needs none (see --expert-cache, --policy)",
                    width,
                    0);
        }
        ExpertMapStore store = maps.get();
        MapShape shape = store.shape();
        if (passCount < 2) {
            return List.of("no answer yet; " + store.size() + " maps");
        }
        if (store.size() == 0) {
            return List.of("nothing is learnt yet: maps are kept when what follows them is known");
        }
        float[] query = shape.layerCount() == layerCount
                ? Arrays.copyOfRange(passes, passes.length / 2, passes.length)
                : passes;
        MapMatches matches = store.nearestByTrajectory(query, shape.layerCount(), SHOWN);
        if (matches.count() == 0) {
            return List.of("no maps are learnt yet that the last token could be like");
        }
        List<String> lines = new ArrayList<>();
        lines.addAll(WrappedText.lines(
                String.format(
                        Locale.ROOT,
                        "the last token is most like these of %,d maps (similarity: mean cosine of the layers%s; same: of"
                                + " its %d likeliest experts a layer; hits: experts of that pass that were in memory)",
                        store.size(),
                        shape.layerCount() == layerCount ? "" : ", of the pass before, too",
                        shape.usedCount()),
                width,
                0));
        lines.add(String.format(
                Locale.ROOT,
                "%10s %7s %13s %9s %8s %7s  %s",
                "similarity",
                "same",
                "conversation",
                "position",
                "phase",
                "hits",
                "learnt"));
        for (int i = 0; i < matches.count(); i++) {
            MapOrigin origin = matches.origin(i);
            int asked = origin.hits() + origin.misses();
            lines.add(String.format(
                    Locale.ROOT,
                    "%10.4f %5.0f %% %13d %9d %8s %7s  %s",
                    matches.score(i),
                    100 * sameExperts(matches, i, shape),
                    origin.conversation(),
                    origin.position(),
                    origin.phase().name().toLowerCase(Locale.ROOT),
                    asked == 0 ? "-" : Math.round(100.0 * origin.hits() / asked) + " %",
                    TIME.format(Instant.ofEpochMilli(origin.epochMillis()))));
        }
        return lines;
    }

    /** The share of the last pass's K likeliest experts of each layer that are the match's as well. */
    private double sameExperts(MapMatches matches, int match, MapShape shape) {
        float[] theirs = new float[expertCount];
        int same = 0;
        for (int layer = 0; layer < layerCount; layer++) {
            matches.probabilities(match, shape.layerCount() - layerCount + layer, theirs, 0);
            float[] ours = Arrays.copyOfRange(
                    passes, passes.length / 2 + layer * expertCount, passes.length / 2 + (layer + 1) * expertCount);
            for (int expert = 0; expert < expertCount; expert++) {
                same += isAmongBest(ours, expert, shape.usedCount()) && isAmongBest(theirs, expert, shape.usedCount())
                        ? 1
                        : 0;
            }
        }
        return (double) same / (layerCount * shape.usedCount());
    }

    private static boolean isAmongBest(float[] shares, int expert, int count) {
        int better = 0;
        for (int other = 0; other < shares.length; other++) {
            better += shares[other] > shares[expert] || (shares[other] == shares[expert] && other < expert) ? 1 : 0;
        }
        return better < count;
    }
}
