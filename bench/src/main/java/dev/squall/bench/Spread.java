package dev.squall.bench;

import java.util.Arrays;
import java.util.Locale;

/** Median, least and greatest of some measurements of one quantity. */
record Spread(double median, double min, double max) {
    /** @throws BenchException if there is no measurement */
    static Spread of(double... measurements) {
        if (measurements.length == 0) {
            throw new BenchException("0 measurements, expected at least 1");
        }
        double[] sorted = measurements.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }

    /** As {@code 12.3 (11.0-14.1)}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.1f (%.1f-%.1f)", median, min, max);
    }
}
