package dev.squall.perplexity;

import java.util.Arrays;

/** Numbers that are collected one by one; their mean, how sure it is, and their percentiles. */
public final class SampleStatistics {
    private double[] values = new double[256];
    private int count;

    void add(double value) {
        if (count == values.length) {
            values = Arrays.copyOf(values, Math.multiplyExact(2, count));
        }
        values[count++] = value;
    }

    public int count() {
        return count;
    }

    public double mean() {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += values[i];
        }
        return sum / count;
    }

    /** The standard error of the mean; 0 for one number. */
    public double error() {
        return Math.sqrt(covarianceOfMeans(this));
    }

    /** The covariance of this mean and that of numbers collected beside these. */
    public double covarianceOfMeans(SampleStatistics other) {
        if (count < 2) {
            return 0;
        }
        double mean = mean();
        double otherMean = other.mean();
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += (values[i] - mean) * (other.values[i] - otherMean);
        }
        return sum / count / (count - 1);
    }

    /** The square root of the mean of the squares. */
    public double rootMeanSquare() {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += values[i] * values[i];
        }
        return Math.sqrt(sum / count);
    }

    /** The number that a share of all is not above, between neighbours in proportion. */
    public double quantile(double share) {
        double[] sorted = Arrays.copyOf(values, count);
        Arrays.sort(sorted);
        double at = share * (count - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(count - 1, below + 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
