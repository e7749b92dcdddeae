package dev.squall.compute;

import dev.squall.model.Hyperparameters;
import dev.squall.model.NormWeights;

/**
 * The rows that flow through the layers, and the normalised copy that each block reads. Owned by a backend, one thread.
 */
final class HiddenStates {
    private final ParallelKernels parallel;
    private final int width;
    private final float epsilon;
    private final float residualScale;
    private final FloatRows hidden;
    private final FloatRows normed;

    HiddenStates(Hyperparameters h, int rowsMax, ParallelKernels parallel) {
        this.parallel = parallel;
        width = h.embeddingLength();
        epsilon = h.normEpsilon();
        residualScale = h.scales().residual();
        hidden = FloatRows.of(rowsMax, width);
        normed = FloatRows.of(rowsMax, width);
    }

    /** R x E, as the last block left them. */
    FloatRows hidden() {
        return hidden;
    }

    /** R x E, as {@link #normalise} left them. */
    FloatRows normed() {
        return normed;
    }

    /** normed = norm(hidden), {@code count} rows. */
    void normalise(NormWeights norm, int count) {
        parallel.forEachRow(count, (long) count * width * 16, row -> normalise(norm, row, row));
    }

    /** Row {@code to} of normed = norm(row {@code from} of hidden). */
    void normalise(NormWeights norm, int from, int to) {
        normalise(parallel.kernels(), norm, epsilon, hidden.values(), hidden.at(from), normed.values(), normed.at(to));
    }

    /** y = norm(x), as many elements as the norm has. y may be x. */
    static void normalise(
            Kernels kernels, NormWeights norm, float epsilon, float[] x, int xOffset, float[] y, int yOffset) {
        int n = norm.weight().length;
        kernels.rmsNorm(x, xOffset, norm.weight(), n, epsilon, y, yOffset);
        float[] bias = norm.bias();
        if (bias != null) {
            kernels.addScaled(1, bias, 0, y, yOffset, n);
        }
    }

    /** hidden += what a block gives, {@code count} rows. */
    void add(FloatRows block, int count) {
        for (int row = 0; row < count; row++) {
            parallel.kernels()
                    .addScaled(residualScale, block.values(), block.at(row), hidden.values(), hidden.at(row), width);
        }
    }
}
