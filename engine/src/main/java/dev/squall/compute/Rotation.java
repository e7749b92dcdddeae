package dev.squall.compute;

import dev.squall.model.Hyperparameters;
import dev.squall.model.ModelWeights;
import dev.squall.model.Rope;
import dev.squall.model.RopePairs;
import dev.squall.model.RowBatch;
import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding (Su et al., 2021), stretched to longer contexts as {@link Rope} says. The angles of a
 * batch's rows are computed once and serve every layer and head: pair i of a row at position p turns by
 * p · base^(-2i/n). Angles are products of 32-bit floats, taken from pair to pair, as llama.cpp takes them.
 */
public final class Rotation {
    /** YaRN's narrowest transition between fast and slow pairs. */
    private static final float RAMP_MIN = 0.001f;

    private final int pairs;
    private final int step;
    private final int distance;
    private final float ratio;
    private final float magnitude;
    /** For each pair what its angle is divided by. */
    private final float[] factors;
    /** For each pair the weight of the scaled angle. */
    private final float[] scaledParts;
    /** For each pair the weight of the angle as it is. */
    private final float[] plainParts;

    private final float[] cosines;
    private final float[] sines;

    /** The rotation of a model's heads. */
    public static Rotation of(ModelWeights model, int positionsMax, int rowsMax) {
        Hyperparameters h = model.hyperparameters();
        return new Rotation(
                h.rope(),
                h.architecture().ropePairs(),
                model.ropeFactors().forContext(positionsMax, h.rope()),
                rowsMax);
    }

    /** @param factors what each pair's angle is divided by; null for 1 */
    Rotation(Rope rope, RopePairs ropePairs, float @Nullable [] factors, int rowsMax) {
        pairs = rope.dimensionCount() / 2;
        boolean halves = ropePairs == RopePairs.HALVES;
        step = halves ? 1 : 2;
        distance = halves ? pairs : 1;
        ratio = (float) Math.pow(rope.frequencyBase(), -1.0 / Math.max(1, pairs));
        magnitude = rope.magnitude();
        this.factors = new float[pairs];
        scaledParts = new float[pairs];
        plainParts = new float[pairs];
        for (int pair = 0; pair < pairs; pair++) {
            float plain = plainPart(rope, pair);
            this.factors[pair] = factors == null ? 1 : factors[pair];
            scaledParts[pair] = rope.frequencyScale() * (1 - plain);
            plainParts[pair] = plain;
        }
        cosines = new float[rowsMax * pairs];
        sines = new float[rowsMax * pairs];
    }

    /** YaRN's ramp: 1 for pairs that turn fast, 0 for slow ones, times the weight of extrapolation. */
    private static float plainPart(Rope rope, int pair) {
        Rope.Yarn yarn = rope.yarn();
        if (yarn == null) {
            return 0;
        }
        float fast = (float) Math.max(0, Math.floor(dimension(rope, yarn.fastRotations())));
        float slow = (float) Math.min(rope.dimensionCount() - 1, Math.ceil(dimension(rope, yarn.slowRotations())));
        float slowness = (pair - fast) / Math.max(RAMP_MIN, slow - fast);
        return (1 - Math.clamp(slowness, 0f, 1f)) * yarn.extrapolation();
    }

    /** The pair, as a fraction, that turns so often over the original context. */
    private static double dimension(Rope rope, float rotations) {
        double wavelength = rope.originalContextLength() / (rotations * 2 * Math.PI);
        return rope.dimensionCount() * Math.log(wavelength) / (2 * Math.log(rope.frequencyBase()));
    }

    /** Computes the angles of a batch. */
    public void begin(RowBatch rows) {
        for (int row = 0; row < rows.size(); row++) {
            float angle = rows.positions()[row];
            for (int pair = 0; pair < pairs; pair++) {
                float turned = angle / factors[pair];
                float mixed = turned * scaledParts[pair] + turned * plainParts[pair];
                cosines[row * pairs + pair] = (float) Math.cos(mixed) * magnitude;
                sines[row * pairs + pair] = (float) Math.sin(mixed) * magnitude;
                angle *= ratio;
            }
        }
    }

    /** Pairs of elements that are turned. */
    public int pairs() {
        return pairs;
    }

    /** Elements from one pair's first to the next pair's first. */
    public int step() {
        return step;
    }

    /** Elements from a pair's first to its second. */
    public int distance() {
        return distance;
    }

    /** The cosine that a pair of a row of the batch turns by, times the magnitude. */
    public float cosine(int row, int pair) {
        return cosines[row * pairs + pair];
    }

    /** The sine that a pair of a row of the batch turns by, times the magnitude. */
    public float sine(int row, int pair) {
        return sines[row * pairs + pair];
    }

    /** Rotates one head's vector of a row of the batch in place. */
    void rotate(int row, float[] vector, int offset) {
        int angles = row * pairs;
        for (int pair = 0; pair < pairs; pair++) {
            int i = offset + pair * step;
            int j = i + distance;
            float cosine = cosines[angles + pair];
            float sine = sines[angles + pair];
            float a = vector[i];
            float b = vector[j];
            vector[i] = Math.fma(a, cosine, b * -sine);
            vector[j] = Math.fma(a, sine, b * cosine);
        }
    }
}
