package dev.squall.gguf;

/**
 * Finds the scale of a sub-block: tries a few ranges around the one that spans the elements, rounds the elements to
 * each, and keeps the least-squares scale of the rounding with the least squared error.
 */
final class ScaleFit {
    private static final int TRIES = 16;

    private ScaleFit() {}

    /** Elements are about {@code scale * quant - min}; neither is negative. */
    record Line(float scale, float min) {}

    /** The slope of {@code slope * quant}, with quants from -quantBound to quantBound - 1; may be negative. */
    static float slope(float[] in, int inOffset, int elements, int quantBound) {
        float extreme = 0;
        for (int i = 0; i < elements; i++) {
            extreme = Math.abs(in[inOffset + i]) > Math.abs(extreme) ? in[inOffset + i] : extreme;
        }
        if (extreme == 0) {
            return 0;
        }
        double best = 0;
        double bestGain = -1;
        for (int attempt = 0; attempt < TRIES; attempt++) {
            double step = extreme / (-quantBound + 0.1 * (attempt - TRIES / 2));
            double products = 0;
            double squares = 0;
            for (int i = 0; i < elements; i++) {
                double quant = Math.clamp(Math.rint(in[inOffset + i] / step), -quantBound, quantBound - 1);
                products += quant * in[inOffset + i];
                squares += quant * quant;
            }
            double gain = squares > 0 ? products * products / squares : 0;
            if (gain > bestGain) {
                bestGain = gain;
                best = squares > 0 ? products / squares : step;
            }
        }
        return (float) best;
    }

    /** The line through quants from 0 to quantMax. */
    static Line line(float[] in, int inOffset, int elements, int quantMax) {
        float low = 0;
        float high = 0;
        double sum = 0;
        for (int i = 0; i < elements; i++) {
            low = Math.min(low, in[inOffset + i]);
            high = Math.max(high, in[inOffset + i]);
            sum += in[inOffset + i];
        }
        if (low == high) {
            return new Line(0, 0);
        }
        Line best = new Line((float) (((double) high - low) / quantMax), -low);
        double bestError = error(in, inOffset, elements, quantMax, best);
        for (int attempt = 0; attempt < TRIES; attempt++) {
            double step = ((double) high - low) / (quantMax + 0.1 * (attempt - TRIES / 2));
            double quants = 0;
            double squares = 0;
            double products = 0;
            for (int i = 0; i < elements; i++) {
                double quant = Math.clamp(Math.rint((in[inOffset + i] - low) / step), 0, quantMax);
                quants += quant;
                squares += quant * quant;
                products += quant * in[inOffset + i];
            }
            double determinant = elements * squares - quants * quants;
            if (determinant <= 0) {
                continue;
            }
            double slope = (elements * products - quants * sum) / determinant;
            double intercept = (sum - slope * quants) / elements;
            if (intercept > 0) {
                intercept = 0;
                slope = products / squares;
            }
            Line line = new Line((float) slope, (float) -intercept);
            double error = error(in, inOffset, elements, quantMax, line);
            if (slope > 0 && error < bestError) {
                bestError = error;
                best = line;
            }
        }
        return best;
    }

    private static double error(float[] in, int inOffset, int elements, int quantMax, Line line) {
        double error = 0;
        for (int i = 0; i < elements; i++) {
            int quant = round(in[inOffset + i] + line.min(), line.scale(), 0, quantMax);
            double difference = line.scale() * quant - line.min() - in[inOffset + i];
            error += difference * difference;
        }
        return error;
    }

    /** The whole number of steps nearest to the value, from min to max; of steps of size 0 it is 0 within those bounds. */
    static int round(float value, float step, int min, int max) {
        return Math.clamp(step == 0 ? 0 : Math.round((double) value / step), min, max);
    }
}
