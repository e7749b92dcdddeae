package dev.squall.predict;

/**
 * The machine of a simulation: one link that carries one expert at a time, and a device that computes layer after layer.
 *
 * @param bytesPerSecond of the link
 * @param layerNanos what a layer takes with all its experts there
 * @param predictionNanos from a layer's routing to the plan that the policy makes of it
 */
public record LinkModel(double bytesPerSecond, double layerNanos, double predictionNanos) {
    public LinkModel {
        if (!(bytesPerSecond > 0) || !(layerNanos > 0) || !(predictionNanos >= 0)) {
            throw new IllegalArgumentException("a link of " + bytesPerSecond + " bytes/s, layers of " + layerNanos
                    + " ns, predictions of " + predictionNanos + " ns, expected positive numbers");
        }
    }

    double copyNanos(long bytes) {
        return bytes / bytesPerSecond * 1e9;
    }
}
