package dev.squall.predict;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.Eviction;
import dev.squall.expert.Evictions;
import dev.squall.expert.PrefetchPlan;
import java.util.Arrays;

/**
 * FineMoE as published (arXiv 2502.05370, section 4): the one most similar stored map predicts; by embedding for the
 * first d layers, by trajectory for layer l + d once layer l is routed; the less similar it is, the more experts are
 * named. Of a pass with several rows each predicts for itself, probabilities are the largest of the rows'.
 */
final class FineMoePolicy implements PrefetchPolicy {
    private final MapShape shape;
    private final ExpertMapStore store;
    private final int distance;
    private final MapLearner learner;
    private final float[] predicted;
    private final double[] probabilities;
    private final boolean[] isNamed;

    FineMoePolicy(ExpertMapStore store, int distance, Pooling pooling) {
        this.store = store;
        this.distance = distance;
        shape = store.shape();
        learner = new MapLearner(store, pooling);
        predicted = new float[shape.expertCount()];
        probabilities = new double[shape.expertCount()];
        isNamed = new boolean[shape.expertCount()];
    }

    @Override
    public Eviction eviction() {
        return Evictions.PROBABILITY_TIMES_FREQUENCY;
    }

    @Override
    public void onPass(PassObservation pass, CacheConditions conditions, PrefetchPlan plan) {
        learner.onPass(pass);
        MapMatches match = store.nearestByEmbedding(learner.embedding(), 1);
        for (int layer = 0; layer < Math.min(distance, shape.layerCount()); layer++) {
            begin();
            if (match.count() > 0) {
                name(match, layer);
            }
            publish(pass.firstVisit() + layer, layer, plan);
        }
    }

    @Override
    public void onRouted(LayerObservation observed, CacheConditions conditions, PrefetchPlan plan) {
        int layer = observed.layer() + distance;
        learner.onRouted(observed);
        if (layer >= shape.layerCount() || observed.lag() >= distance) {
            return;
        }
        begin();
        for (int row = 0; row < learner.rowCount(); row++) {
            MapMatches match = store.nearestByTrajectory(learner.trajectory(row), learner.layersSeen(), 1);
            if (match.count() > 0) {
                name(match, layer);
            }
        }
        publish(observed.visit() + distance, layer, plan);
    }

    @Override
    public void onEnd() {
        learner.settle();
    }

    private void begin() {
        Arrays.fill(probabilities, 0);
        Arrays.fill(isNamed, false);
    }

    /** Names experts by falling probability until they add up to 1 - score, and at least K. */
    private void name(MapMatches match, int layer) {
        match.probabilities(0, layer, predicted, 0);
        double threshold = Math.clamp(1.0 - match.score(0), 0.0, 1.0);
        boolean[] chosen = new boolean[predicted.length];
        double sum = 0;
        for (int count = 0; count < predicted.length && (count < shape.usedCount() || sum < threshold); count++) {
            int best = -1;
            for (int expert = 0; expert < predicted.length; expert++) {
                if (!chosen[expert] && (best < 0 || predicted[expert] > predicted[best])) {
                    best = expert;
                }
            }
            chosen[best] = true;
            isNamed[best] = true;
            sum += predicted[best];
        }
        for (int expert = 0; expert < predicted.length; expert++) {
            probabilities[expert] = Math.max(probabilities[expert], predicted[expert]);
        }
    }

    private void publish(long visit, int layer, PrefetchPlan plan) {
        plan.forecast(visit);
        for (int expert = 0; expert < shape.expertCount(); expert++) {
            plan.setProbability(layer, expert, probabilities[expert]);
            if (isNamed[expert]) {
                plan.request(layer, expert, Math.max(probabilities[expert], Float.MIN_NORMAL));
            }
        }
    }
}
