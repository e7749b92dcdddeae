package dev.squall.predict;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.Eviction;
import dev.squall.expert.Evictions;
import dev.squall.expert.PrefetchPlan;
import java.util.Arrays;

/**
 * Squall's own policy. For each expert of the coming layers it weighs several signals: the mixture of the nearest expert
 * maps, that layer's router on the present hidden state, logits learnt from hidden states ({@link LearnedRouters}), and how
 * the layer has used its experts lately. The weights are learnt online from what the layers then used
 * ({@link CalibratedScore}), apart for each distance, so that the result is a probability that can be trusted. What is
 * expected to be used last goes; an expert is loaded ahead only if the stall that this saves, by its probability, outweighs
 * the demands that the copy would delay ({@link ForecastEffort}).
 */
final class SquallPolicy implements PrefetchPolicy {
    /** Distances that are calibrated apart: 1, 2, 3, 4, up to 8. */
    private static final int BUCKETS = 5;

    /** How far ahead later routers are asked: farther ahead, those learnt say what they would, for less. */
    private static final int ROUTER_AHEAD_MAX = 2;

    /** From so many layers behind the pass on, forecasts are left out. */
    private static final int LAG_MAX = 3;

    /** Layers from one forecast of the next pass to the next. */
    private static final int NEXT_PASS_EVERY = 4;

    private static final double LEARNING_RATE = 0.05;

    /** Passes after which weights are kept, so that a killed process loses some minutes' learning. */
    private static final int KEEP_EVERY = 4096;

    /** To be raised when weights change their number or meaning. */
    private static final int WEIGHTS_VERSION = 4;

    private final MapShape shape;
    private final ExpertMapStore store;
    private final int fixedDistance;
    private final ForecastEffort effort;
    private final ContextMaps maps;
    private final UseHistory history;
    /** For single rows and for several, in this pass and across to the next, by distance. */
    private final CalibratedScore[] scores = new CalibratedScore[4 * BUCKETS];
    /** By layer and bucket what is known of its coming visit. */
    private final Signals[][] signals;

    /** Of a visit that the scores do not learn from, in the same memory each time. */
    private final Signals unlearnt;

    private final LearnedRouters routers;
    private final float[] hidden;
    private final float[] nothing;
    private final ReuseRates reuse;
    private final float[] used;
    private final float[] presentOdds;
    private final float[] mixtureOdds;
    private final float[] aheadOdds;
    private final float[] ahead;
    private final float[] mixture;
    private MapMixture alike;
    private boolean isSingle;
    private long passes;

    /**
     * @param store of {@link ContextMaps#storeShape}
     * @param distance most layers ahead that an expert is loaded; 0 for as many as pay
     */
    SquallPolicy(MapShape shape, ExpertMapStore store, int distance) {
        this.shape = shape;
        fixedDistance = distance;
        effort = new ForecastEffort(shape);
        maps = new ContextMaps(shape, store);
        alike = maps.nothing();
        history = new UseHistory(shape);
        for (int i = 0; i < scores.length; i++) {
            scores[i] = new CalibratedScore(Signals.initialWeights(), LEARNING_RATE);
        }
        signals = new Signals[shape.layerCount()][2 * BUCKETS];
        for (Signals[] ofLayer : signals) {
            Arrays.setAll(ofLayer, bucket -> new Signals(shape.expertCount()));
        }
        unlearnt = new Signals(shape.expertCount());
        routers = new LearnedRouters(shape, ForecastEffort.DISTANCE_MAX);
        hidden = new float[shape.embeddingLength()];
        nothing = new float[shape.expertCount()];
        reuse = new ReuseRates(shape, history, routers);
        used = new float[shape.expertCount()];
        presentOdds = new float[shape.expertCount()];
        mixtureOdds = new float[shape.expertCount()];
        aheadOdds = new float[shape.expertCount()];
        ahead = new float[shape.expertCount()];
        mixture = new float[shape.expertCount()];
        this.store = store;
        readWeights();
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
    public void onPass(PassObservation pass, CacheConditions now, PrefetchPlan plan) {
        if (++passes % KEEP_EVERY == 0) {
            keepWeights();
        }
        isSingle = pass.rowCount() == 1;
        effort.onPass(pass, now);
        maps.onPass(pass);
        alike = maps.nothing();
    }

    @Override
    public void onRouted(LayerObservation observed, CacheConditions now, PrefetchPlan plan) {
        effort.onRouted(now);
        if (!effort.isForecast() || observed.lag() >= LAG_MAX) {
            // Only what a map needs, so that none is lost, and what costs next to nothing.
            history.onRouted(observed);
            maps.onRouted(observed);
            for (int expert = 0; effort.isOnlyEvicting() && expert < shape.expertCount(); expert++) {
                plan.setUseRate(observed.layer(), expert, history.use(observed.layer(), expert));
            }
            return;
        }
        learn(observed);
        history.onRouted(observed);
        maps.onRouted(observed);
        int layer = observed.layer();
        System.arraycopy(history.lastOdds(), history.from(layer), presentOdds, 0, presentOdds.length);
        alike = maps.likeThisPass(layer, effort.candidates(), effort::claimSearch);
        if (isLearnt(1)) {
            System.arraycopy(observed.hidden(), 0, hidden, 0, hidden.length);
            routers.observe(layer, hidden, effort.reach());
            if (!alike.discountedUses(layer, ReuseRates.DISCOUNT, mixture)) {
                history.recentUses(layer, mixture);
            }
            reuse.onRouted(layer, used, mixture, effort.isCalibrating(false));
        }
        for (int expert = 0; expert < shape.expertCount(); expert++) {
            plan.setUseRate(layer, expert, useRate(layer, expert));
        }
        forecastThisPass(observed, plan);
        if (layer % NEXT_PASS_EVERY == NEXT_PASS_EVERY - 1 || layer == shape.layerCount() - 1) {
            forecastNextPass(observed, plan);
        }
    }

    private double useRate(int layer, int expert) {
        return isSingle ? reuse.rate(layer, expert) : history.longUse(layer, expert);
    }

    @Override
    public Attention attention() {
        return effort.attention();
    }

    @Override
    public void onEnd() {
        maps.settle();
        keepWeights();
    }

    /** With the maps, so that the next process begins where this one was. */
    private void keepWeights() {
        store.keepWeights(kind(), out -> {
            history.write(out);
            for (CalibratedScore score : scores) {
                score.write(out);
            }
            routers.write(out);
            reuse.write(out);
        });
    }

    private void readWeights() {
        store.readWeights(kind(), in -> {
            history.read(in);
            for (CalibratedScore score : scores) {
                score.read(in);
            }
            routers.read(in);
            reuse.read(in);
        });
    }

    /** Names everything that decides how many weights there are and what they mean. */
    private String kind() {
        return "squall " + WEIGHTS_VERSION + ": " + shape.layerCount() + " x " + shape.expertCount() + ", "
                + shape.embeddingLength() + ", " + routers.featureCount() + ", " + routers.distances();
    }

    private void forecastThisPass(LayerObservation observed, PrefetchPlan plan) {
        int layer = observed.layer();
        int last = Math.min(effort.reach(), shape.layerCount() - 1 - layer);
        int first = (int) Math.min(last, observed.lag()) + 1;
        if (first > last) {
            return;
        }
        for (int distance = first; distance <= last; distance++) {
            alike.distribution(layer + distance, mixture);
            if (distance > ROUTER_AHEAD_MAX || !observed.ahead(distance, ahead)) {
                Arrays.fill(ahead, 0);
            }
            forecast(layer, observed.visit(), distance, false, plan);
        }
    }

    private void forecastNextPass(LayerObservation observed, PrefetchPlan plan) {
        int layer = observed.layer();
        Arrays.fill(ahead, 0);
        int reach = effort.reach();
        int last = reach == ForecastEffort.DISTANCE_MAX ? layer : Math.min(layer, reach - shape.layerCount() + layer);
        for (int next = 0; next <= last; next++) {
            alike.nextUses(next, mixture);
            forecast(layer, observed.visit(), shape.layerCount() - layer + next, true, plan);
        }
    }

    private static int bucket(int distance, boolean isNextPass) {
        int bucket = Math.min(distance, BUCKETS) - 1;
        return isNextPass ? BUCKETS + bucket : bucket;
    }

    /**
     * Whether a learnt router speaks for a distance: not for passes of several rows, whose experts are many rows'
     * choice.
     */
    private boolean isLearnt(int distance) {
        return isSingle && distance <= routers.distances();
    }

    private CalibratedScore score(int bucket) {
        int first = isSingle ? 0 : 2 * BUCKETS;
        return scores[first + bucket];
    }

    /**
     * Says how likely a visit uses each expert, and asks for those whose copy pays.
     *
     * @param source the layer where it is said
     * @param now the visit there
     */
    private void forecast(int source, long now, int distance, boolean isNextPass, PrefetchPlan plan) {
        long visit = now + distance;
        int layer = (int) (visit % shape.layerCount());
        int bucket = bucket(distance, isNextPass);
        plan.forecast(visit);
        float[] learnt = nothing;
        Logistic.logOdds(mixture, mixtureOdds);
        Logistic.logOdds(ahead, aheadOdds);
        if (isLearnt(distance)) {
            routers.set(source, distance, 0, aheadOdds, 0);
            routers.set(source, distance, 1, presentOdds, 0);
            routers.set(source, distance, 2, history.lastOdds(), history.from(layer));
            routers.set(source, distance, 3, mixtureOdds, 0);
            learnt = routers.logits(source, distance, visit);
        }
        Signals known = effort.isCalibrating(isNextPass) ? signals[layer][bucket] : unlearnt;
        known.set(visit, mixtureOdds, aheadOdds, learnt, history, history.from(layer));
        float[] probabilities = known.weigh(score(bucket));
        boolean mayRequest = fixedDistance == 0 || distance <= fixedDistance;
        double threshold = effort.threshold(distance);
        for (int expert = 0; expert < probabilities.length; expert++) {
            double probability = probabilities[expert];
            plan.setProbability(layer, expert, probability);
            if (mayRequest && probability >= threshold) {
                plan.request(layer, expert, probability);
            }
        }
    }

    /** What was said of this visit, at every distance, against what it used. */
    private void learn(LayerObservation observed) {
        int layer = observed.layer();
        for (int expert = 0; expert < used.length; expert++) {
            used[expert] = observed.counts()[expert] > 0 ? 1 : 0;
        }
        for (int bucket = 0; effort.isCalibrating(false) && bucket < 2 * BUCKETS; bucket++) {
            signals[layer][bucket].teach(score(bucket), observed.visit(), used);
        }
        if (effort.isLearning() && isLearnt(1)) {
            routers.learn(observed.visit(), used);
        }
    }
}
