package dev.squall.bench;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.Phase;
import dev.squall.predict.RoutingTrace;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** The expert maps of a recorded trace, and as many more like them as are wanted. */
final class TraceMaps {
    private static final double NOISE = 0.1;

    private TraceMaps() {}

    /** The maps of passes of one token. */
    static List<ExpertMap> of(RoutingTrace trace) {
        List<ExpertMap> maps = new ArrayList<>();
        for (RoutingTrace.Pass pass : trace.passes()) {
            if (isOfOneToken(pass)) {
                MapOrigin origin =
                        new MapOrigin(maps.size(), pass.phase(), pass.positions()[0], pass.conversations()[0], 0, 0);
                float[] probabilities = new float[trace.shape().probabilityCount()];
                copy(pass, trace.shape(), probabilities, 0);
                maps.add(new ExpertMap(pass.embeddings().clone(), probabilities, origin));
            }
        }
        return maps;
    }

    /** The maps of two passes of one token that follow each other, as the policy squall keeps them: 2L x J. */
    static List<ExpertMap> ofTwo(RoutingTrace trace) {
        List<ExpertMap> maps = new ArrayList<>();
        for (int i = 1; i < trace.passes().size(); i++) {
            RoutingTrace.Pass before = trace.passes().get(i - 1);
            RoutingTrace.Pass pass = trace.passes().get(i);
            if (isOfOneToken(before) && isOfOneToken(pass) && before.conversations()[0] == pass.conversations()[0]) {
                float[] probabilities = new float[2 * trace.shape().probabilityCount()];
                copy(before, trace.shape(), probabilities, 0);
                copy(pass, trace.shape(), probabilities, trace.shape().probabilityCount());
                MapOrigin origin =
                        new MapOrigin(maps.size(), pass.phase(), pass.positions()[0], pass.conversations()[0], 0, 0);
                maps.add(new ExpertMap(pass.embeddings().clone(), probabilities, origin));
            }
        }
        return maps;
    }

    private static boolean isOfOneToken(RoutingTrace.Pass pass) {
        return pass.phase() == Phase.DECODE && pass.positions().length == 1;
    }

    private static void copy(RoutingTrace.Pass pass, MapShape shape, float[] out, int from) {
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            System.arraycopy(
                    pass.layers().get(layer).probabilities(),
                    0,
                    out,
                    from + layer * shape.expertCount(),
                    shape.expertCount());
        }
    }

    /**
     * A map a little off.
     *
     * @param expertCount J
     */
    static ExpertMap noisy(ExpertMap map, int expertCount, SplittableRandom random) {
        float[] embedding = map.embedding().clone();
        for (int i = 0; i < embedding.length; i++) {
            embedding[i] *= (float) (1 + NOISE * random.nextGaussian());
        }
        float[] probabilities = map.probabilities().clone();
        for (int from = 0; from < probabilities.length; from += expertCount) {
            double total = 0;
            for (int i = from; i < from + expertCount; i++) {
                probabilities[i] *= (float) Math.exp(NOISE * random.nextGaussian());
                total += probabilities[i];
            }
            for (int i = from; i < from + expertCount; i++) {
                probabilities[i] /= (float) total;
            }
        }
        return new ExpertMap(embedding, probabilities, map.origin());
    }
}
