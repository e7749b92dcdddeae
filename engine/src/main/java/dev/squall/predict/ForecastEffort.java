package dev.squall.predict;

import dev.squall.expert.CacheConditions;

/**
 * How much is forecast, by what copies, layers and forecasts themselves take: how far ahead, compared with how many
 * maps, learning from which passes, and whether at all; and how sure a forecast has to be for a copy to pay. One thread.
 */
final class ForecastEffort {
    /** How far ahead experts are forecast at most, and at least. */
    static final int DISTANCE_MAX = 8;

    private static final int DISTANCE_MIN = 2;

    /**
     * How far ahead they are, in the time of a copy: one may have to wait for others, and what comes next decides what
     * stays.
     */
    private static final double COPIES_AHEAD = 5;

    /**
     * The share of a layer's time, stalls included, from which forecasts are dear: fewer maps are compared, only some passes
     * learnt from, and it is tried whether they pay at all.
     */
    private static final double DEAR = 0.25;

    private static final int LEARNT_EVERY = 4;
    private static final int CANDIDATES = 32;
    private static final int CANDIDATES_IF_DEAR = 16;

    /**
     * Where every expert is there, of so many passes the first some are learnt from, for a start with less memory: long
     * enough for what follows a pass to be seen.
     */
    private static final int REST_EVERY = 512;

    private static final int REST_AFTER = 64;

    /**
     * The share of a pass's time that searches for maps of other tokens may take, beside it but from its memory and
     * caches.
     */
    private static final double SEARCH_SHARE = 0.005;

    /** What such a search takes at most among 32,000 maps (bench/RESULTS.md, "Search"). */
    private static final double SEARCH_NANOS = 250_000;

    /** Misses of a visit below which they are over. */
    private static final double MISSES_MIN = 0.01;

    /** What a wrong copy costs where it delays nothing, in the time of one: somebody has to make it. */
    private static final double EFFORT = 0.3;

    private final MapShape shape;
    private final ForecastTrial trial = new ForecastTrial();
    private CacheConditions conditions = CacheConditions.NONE;
    private long passes;
    private long nextSearch;
    private boolean isDear;
    private boolean isAllThere;
    private boolean isForecast = true;
    private int reach = DISTANCE_MAX;

    ForecastEffort(MapShape shape) {
        this.shape = shape;
    }

    /** A pass begins; what it forecasts stays the same until the next one does. */
    void onPass(PassObservation pass, CacheConditions now) {
        conditions = now;
        passes++;
        isDear = now.forecastShare() > DEAR;
        reach = Math.clamp(1 + Math.round(COPIES_AHEAD * now.layersPerCopy()), DISTANCE_MIN, DISTANCE_MAX);
        // Every expert has a slot and is in it by now: there is nothing to load or evict.
        isAllThere = now.slotCount() >= shape.probabilityCount() && now.missesPerVisit() < MISSES_MIN;
        isForecast = !isAllThere && trial.onPass(pass, isDear);
    }

    /** A layer has been routed. */
    void onRouted(CacheConditions now) {
        conditions = now;
    }

    /** Whether this pass is forecast at all. */
    boolean isForecast() {
        return isForecast;
    }

    /** How closely passes have to be followed. */
    Attention attention() {
        if (isForecast) {
            return Attention.PLANNING;
        }
        return isAllThere && passes % REST_EVERY >= REST_AFTER ? Attention.RESTING : Attention.LEARNING;
    }

    /** Whether this pass is not forecast though there is something to evict. */
    boolean isOnlyEvicting() {
        return !isForecast && !isAllThere;
    }

    /** Visits ahead that are worth a forecast, where a copy takes so long. */
    int reach() {
        return reach;
    }

    /** Maps that are compared with the pass. */
    int candidates() {
        return isDear ? CANDIDATES_IF_DEAR : CANDIDATES;
    }

    /**
     * Whether maps of other tokens may be searched for in this pass; if so, not again for as many passes as that takes
     * time of.
     */
    boolean claimSearch() {
        if (passes < nextSearch) {
            return false;
        }
        double passNanos = shape.layerCount() * conditions.visitNanos();
        nextSearch = passes + (passNanos <= 0 ? 1 : (long) Math.ceil(SEARCH_NANOS / (SEARCH_SHARE * passNanos)));
        return true;
    }

    /**
     * Whether the few weights that many experts share are learnt from this pass, or the next: some passes tell as much
     * as all.
     */
    boolean isCalibrating(boolean nextPass) {
        return (nextPass ? passes + 1 : passes) % LEARNT_EVERY == 0;
    }

    /** Whether each layer's own weights are learnt from this pass. */
    boolean isLearning() {
        return !isDear || passes % LEARNT_EVERY == 0;
    }

    /**
     * The probability from which a copy pays. A right one hides a share h of its time, all of it if its layer is far
     * enough away; a wrong one delays a demand with probability c, that of a miss while it is under way, and takes
     * power e. It pays if {@code p·h > (1 - p)·(c + e)}. Where every visit misses and copies are slow, that is next to
     * never.
     *
     * @param distance visits ahead
     */
    double threshold(int distance) {
        double layersPerCopy = conditions.layersPerCopy();
        double collision = 1 - Math.exp(-conditions.missesPerVisit() * layersPerCopy);
        double hidden = Math.min(1, distance / layersPerCopy);
        return (collision + EFFORT) / (collision + EFFORT + hidden);
    }
}
