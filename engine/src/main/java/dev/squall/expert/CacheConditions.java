package dev.squall.expert;

/**
 * What a policy may know of the machine, measured as the cache runs.
 *
 * @param slotCount experts that fit
 * @param copyNanos how long the load of one expert takes, a running mean; 0 before the first
 * @param layerNanos from one lease to the next in a pass without time stalled, a running mean; 0 before the second
 * @param missesPerVisit experts that a visit had to wait for, a running mean
 * @param forecastNanos how long the policy takes for a layer, a running mean; 0 where that costs nothing
 */
public record CacheConditions(
        int slotCount, double copyNanos, double layerNanos, double missesPerVisit, double forecastNanos) {
    /** What is known before anything has happened. */
    public static final CacheConditions NONE = new CacheConditions(0, 0, 0, 0, 0);

    /** The same with what forecasts cost. */
    public CacheConditions withForecastNanos(double nanos) {
        return new CacheConditions(slotCount, copyNanos, layerNanos, missesPerVisit, nanos);
    }

    /** How many layers are computed while one expert is copied; 1 before it is known. */
    public double layersPerCopy() {
        return copyNanos <= 0 || layerNanos <= 0 ? 1 : copyNanos / layerNanos;
    }

    /** From one layer to the next, stalls included; 0 before it is known. */
    public double visitNanos() {
        return layerNanos + missesPerVisit * copyNanos;
    }

    /** What the policy takes of the time of a layer, its stalls included. */
    public double forecastShare() {
        double visit = visitNanos();
        return visit <= 0 ? 0 : forecastNanos / visit;
    }
}
