package dev.squall.sampling;

/**
 * How the next token is chosen. Each part can be switched off: {@code temperature} 0 is greedy, {@code topK} 0,
 * {@code topP} 1, {@code minP} 0 and {@code repeatPenalty} 1 leave the candidates as they are.
 *
 * @param temperature divides the logits; 0 takes the likeliest token
 * @param topK keeps the k likeliest tokens; 0 keeps all
 * @param topP keeps the likeliest tokens whose probabilities reach this sum, in (0, 1]
 * @param minP keeps the tokens at least this fraction as likely as the likeliest, in [0, 1]
 * @param repeatPenalty divides positive and multiplies negative logits of recent tokens, at least 1 in common use
 * @param repeatTokens how many of the latest tokens the penalty looks at
 * @param seed makes the choice repeatable
 */
public record SamplingOptions(
        float temperature, int topK, float topP, float minP, float repeatPenalty, int repeatTokens, long seed) {

    public SamplingOptions {
        require(temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "a number from 0 up");
        require(topK >= 0, "top-k", topK, "0 (off) or more");
        require(topP > 0 && topP <= 1, "top-p", topP, "above 0 and at most 1 (off)");
        require(minP >= 0 && minP <= 1, "min-p", minP, "0 (off) to 1");
        require(
                repeatPenalty > 0 && Float.isFinite(repeatPenalty),
                "repeat-penalty",
                repeatPenalty,
                "above 0; 1 is off");
        require(repeatTokens >= 0, "repeat-last-n", repeatTokens, "0 (off) or more");
    }

    /** The likeliest token at each step. */
    public static SamplingOptions greedy() {
        return new SamplingOptions(0, 0, 1, 0, 1, 0, 0);
    }

    /** The same with another seed. */
    public SamplingOptions withSeed(long another) {
        return new SamplingOptions(temperature, topK, topP, minP, repeatPenalty, repeatTokens, another);
    }

    /** Whether the likeliest token is taken whatever came before, so that nothing else of the logits matters. */
    public boolean isGreedy() {
        return temperature == 0 && (repeatPenalty == 1 || repeatTokens == 0);
    }

    private static void require(boolean holds, String option, Number actual, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(option + "=" + actual + ", expected " + expected);
        }
    }
}
