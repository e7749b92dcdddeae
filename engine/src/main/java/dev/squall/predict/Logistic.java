package dev.squall.predict;

/**
 * Exponentials, logarithms and what is made of them, in single precision and without a call: a forecast takes some hundreds.
 * Bounds hold for finite numbers.
 */
final class Logistic {
    /** Beyond it a probability is as good as certain. */
    private static final float LOGIT_MAX = 80;

    private static final float LOG2_E = 1.442695f;
    private static final float LN_2 = 0.6931472f;
    /** 1.5 · 2^23: a float this large has no fraction, so that adding it rounds. */
    private static final float ROUNDING = 12582912;

    private static final int ROUNDING_BITS = Float.floatToRawIntBits(ROUNDING);
    private static final int MANTISSA_BITS = 23;
    /** The bits of 3/4: mantissas are taken from there to 3/2, around 1. */
    private static final int THREE_QUARTERS = Float.floatToRawIntBits(0.75f);

    /** What keeps log-odds within some 7 of 0. */
    private static final float FLOOR = 1e-3f;

    private Logistic() {}

    /** {@code 1 / (1 + e^-x)}, within 1e-5 of it in proportion. */
    static float sigmoid(float x) {
        return 1 / (1 + exp(-x));
    }

    /** Within 1e-5. */
    static float tanh(float x) {
        return 1 - 2 / (1 + exp(2 * x));
    }

    /** The log-odds of a probability, within some 7 of 0; 0 for 0, which stands for what is not known. Within 1e-5. */
    static float logOdds(float p) {
        return p <= 0 ? 0 : log((p + FLOOR) / (1 - p + FLOOR));
    }

    /** {@link #logOdds(float)} of each. */
    static void logOdds(float[] probabilities, float[] out) {
        for (int i = 0; i < probabilities.length; i++) {
            out[i] = logOdds(probabilities[i]);
        }
    }

    /** {@code 2^n} from an exponent, times {@code 2^f} from a polynomial, Taylor's of degree 6; |f| is at most 1/2. */
    private static float exp(float x) {
        float binary = LOG2_E * Math.clamp(x, -LOGIT_MAX, LOGIT_MAX);
        float rounded = binary + ROUNDING;
        int n = Float.floatToRawIntBits(rounded) - ROUNDING_BITS;
        float f = LN_2 * (binary - (rounded - ROUNDING));
        float power = 1 + f * (1 + f * (1 / 2f + f * (1 / 6f + f * (1 / 24f + f * (1 / 120f + f / 720)))));
        return Float.intBitsToFloat(Float.floatToRawIntBits(power) + (n << MANTISSA_BITS));
    }

    /**
     * {@code n log 2} from the exponent, plus {@code 2 artanh s} by its series; |s| is at most 1/5. Of a positive
     * normal number.
     */
    private static float log(float x) {
        int bits = Float.floatToRawIntBits(x) - THREE_QUARTERS;
        int n = bits >> MANTISSA_BITS;
        float mantissa = Float.intBitsToFloat((bits & ((1 << MANTISSA_BITS) - 1)) + THREE_QUARTERS);
        float s = (mantissa - 1) / (mantissa + 1);
        float square = s * s;
        return n * LN_2 + 2 * s * (1 + square * (1 / 3f + square * (1 / 5f + square / 7)));
    }
}
