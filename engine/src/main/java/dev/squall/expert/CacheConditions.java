package dev.squall.expert;

/**
 * What a policy may know of the machine, measured as the cache runs.
 *
 * @param slotCount experts that fit
 * @param copyNanos how long the load of one expert takes, a running mean; 0 before the first
 * @param layerNanos from one lease to the next without time stalled, a running mean; 0 before the second
 * @param missesPerVisit experts that a visit had to wait for, a running mean
 */
public record CacheConditions(int slotCount, double copyNanos, double layerNanos, double missesPerVisit) {

    /** How many layers are computed while one expert is copied; 1 before it is known. */
    public double layersPerCopy() {
        return copyNanos <= 0 || layerNanos <= 0 ? 1 : copyNanos / layerNanos;
    }
}
