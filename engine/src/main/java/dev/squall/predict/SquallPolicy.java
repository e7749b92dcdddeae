package dev.squall.predict;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.Eviction;
import dev.squall.expert.Evictions;
import dev.squall.expert.PrefetchPlan;
import java.util.Arrays;

/**
 * Squall's own policy. For each expert of the coming layers it weighs several signals: the mixture of the nearest expert
 * maps, the router of that layer on the present hidden state, and how the layer has used its experts lately. The weights
 * are learnt online from what the layers then used ({@link CalibratedScore}), apart for each distance, so that the result
 * is a probability that can be trusted. Experts worth their copy are loaded ahead; what is expected to be used last goes.
 */
final class SquallPolicy implements PrefetchPolicy {
    /** Neighbours in the mixture. */
    private static final int NEIGHBOURS = 8;

    /** How much nearer neighbours count for more: weight {@code e^(SHARPNESS · score)}. */
    private static final double SHARPNESS = 40;

    /** Distances that are calibrated apart; farther ones share the last. */
    private static final int DISTANCES = 8;

    private static final double RATE = 0.05;
    private static final double REQUEST_MIN = 0.2;

    private final MapShape shape;
    private final ExpertMapStore store;
    private final int fixedDistance;
    private final MapLearner learner;
    private final UseHistory history;
    private final CalibratedScore[] scores = new CalibratedScore[2 * DISTANCES];
    private final CalibratedScore nextVisitScore;
    /** For each layer and distance the signals of the forecast of its coming visit, and which visit that is. */
    private final double[][][] signals;

    private final long[][] signalVisits;
    private final double[][] nextVisitSignals;
    private final float[] ahead;
    private final float[] mixture;
    private final float[] neighbour;
    private int rowsOfPass = 1;
    private int horizon = 2;

    SquallPolicy(ExpertMapStore store, int distance, Pooling pooling) {
        this.store = store;
        fixedDistance = distance;
        shape = store.shape();
        learner = new MapLearner(store, pooling);
        history = new UseHistory(shape);
        for (int i = 0; i < scores.length; i++) {
            scores[i] = new CalibratedScore(Signals.initialWeights(), RATE);
        }
        nextVisitScore = new CalibratedScore(Signals.initialWeights(), RATE);
        signals = new double[shape.layerCount()][DISTANCES][shape.expertCount() * Signals.COUNT];
        signalVisits = new long[shape.layerCount()][DISTANCES];
        nextVisitSignals = new double[shape.layerCount()][shape.expertCount() * Signals.COUNT];
        ahead = new float[shape.expertCount()];
        mixture = new float[shape.expertCount()];
        neighbour = new float[shape.expertCount()];
    }

    @Override
    public Eviction eviction() {
        return Evictions.EXPECTED_NEXT_USE;
    }

    @Override
    public boolean looksAhead() {
        return true;
    }

    @Override
    public void onPass(PassObservation pass, CacheConditions conditions, PrefetchPlan plan) {
        learner.onPass(pass);
        rowsOfPass = pass.rowCount();
        horizon = horizon(conditions);
        MapMatches matches = store.nearestByEmbedding(learner.embedding(), NEIGHBOURS);
        for (int distance = 1; distance <= Math.min(horizon, shape.layerCount()); distance++) {
            mix(matches, distance - 1);
            Arrays.fill(ahead, 0);
            forecast(pass.firstVisit() - 1, distance, false, plan);
        }
    }

    @Override
    public void onRouted(LayerObservation observed, CacheConditions conditions, PrefetchPlan plan) {
        learn(observed);
        learner.onRouted(observed);
        history.onRouted(observed);
        int layer = observed.layer();
        publishUseRates(layer, plan);
        horizon = horizon(conditions);
        boolean searched = false;
        MapMatches matches = null;
        for (int distance = (int) observed.lag() + 1; distance <= horizon; distance++) {
            if (layer + distance >= shape.layerCount()) {
                Arrays.fill(mixture, 0);
                Arrays.fill(ahead, 0);
                forecast(observed.visit(), distance, false, plan);
                continue;
            }
            if (!searched && learner.layersSeen() > 0) {
                matches = store.nearestByTrajectory(
                        learner.trajectory(learner.rowCount() - 1), learner.layersSeen(), NEIGHBOURS);
            }
            searched = true;
            if (matches != null) {
                mix(matches, layer + distance);
            } else {
                Arrays.fill(mixture, 0);
            }
            boolean known = observed.ahead(distance, ahead);
            forecast(observed.visit(), distance, known, plan);
        }
    }

    /** How far ahead it pays to look: as many layers as the copies of one layer's experts take, and one more. */
    private int horizon(CacheConditions conditions) {
        if (fixedDistance > 0) {
            return Math.min(fixedDistance, shape.layerCount());
        }
        double copies = conditions.layersPerCopy() * shape.usedCount();
        return (int) Math.clamp(Math.ceil(copies) + 1, 2, Math.min(DISTANCES, shape.layerCount()));
    }

    private CalibratedScore score(int distance) {
        int row = Math.min(distance, DISTANCES) - 1;
        return scores[rowsOfPass > 1 ? DISTANCES + row : row];
    }

    /** The neighbours' distributions of a layer, nearer ones counting for more. */
    private void mix(MapMatches matches, int layer) {
        Arrays.fill(mixture, 0);
        double total = 0;
        for (int i = 0; i < matches.count(); i++) {
            total += Math.exp(SHARPNESS * (matches.score(i) - matches.score(0)));
        }
        for (int i = 0; i < matches.count(); i++) {
            double weight = Math.exp(SHARPNESS * (matches.score(i) - matches.score(0))) / total;
            matches.probabilities(i, layer, neighbour, 0);
            for (int expert = 0; expert < neighbour.length; expert++) {
                mixture[expert] += (float) (weight * neighbour[expert]);
            }
        }
    }

    private void forecast(long now, int distance, boolean gatesKnown, PrefetchPlan plan) {
        long visit = now + distance;
        int layer = (int) (visit % shape.layerCount());
        int bucket = Math.min(distance, DISTANCES) - 1;
        double[] buffer = signals[layer][bucket];
        signalVisits[layer][bucket] = visit;
        plan.forecast(visit);
        for (int expert = 0; expert < shape.expertCount(); expert++) {
            int at = expert * Signals.COUNT;
            Signals.fill(buffer, at, mixture[expert], gatesKnown ? ahead[expert] : 0, history, layer, expert);
            double probability = score(distance).probability(buffer, at);
            plan.setProbability(layer, expert, probability);
            if (probability >= REQUEST_MIN) {
                plan.request(layer, expert, probability);
            }
        }
    }

    /** What was said of this visit, at every distance, against what it used. */
    private void learn(LayerObservation observed) {
        int layer = observed.layer();
        for (int bucket = 0; bucket < DISTANCES; bucket++) {
            if (signalVisits[layer][bucket] == observed.visit()) {
                for (int expert = 0; expert < shape.expertCount(); expert++) {
                    score(bucket + 1)
                            .learn(signals[layer][bucket], expert * Signals.COUNT, observed.counts()[expert] > 0);
                }
            }
        }
        if (observed.rowsOfPass() == 1) {
            for (int expert = 0; expert < shape.expertCount(); expert++) {
                nextVisitScore.learn(
                        nextVisitSignals[layer], expert * Signals.COUNT, observed.counts()[expert] > 0);
            }
        }
    }

    /** Says how likely the layer's next visit uses each expert, going by habit alone. */
    private void publishUseRates(int layer, PrefetchPlan plan) {
        double[] buffer = nextVisitSignals[layer];
        for (int expert = 0; expert < shape.expertCount(); expert++) {
            int at = expert * Signals.COUNT;
            Signals.fill(buffer, at, 0, 0, history, layer, expert);
            plan.setUseRate(layer, expert, nextVisitScore.probability(buffer, at));
        }
    }
}
