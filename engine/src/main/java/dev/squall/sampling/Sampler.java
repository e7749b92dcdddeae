package dev.squall.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Chooses tokens: repeat penalty, top-k, top-p, min-p, temperature, then chance, each only if its option is on. The same
 * options, seed and logits give the same tokens on every machine. One generation, one thread.
 */
public final class Sampler {
    private final SamplingOptions options;
    private final List<SamplingStep> steps = new ArrayList<>();
    private final Candidates candidates;
    private final SplittableRandom random;

    /** A sampler for one generation; its randomness starts from the options' seed. */
    public Sampler(SamplingOptions options, int vocabularySize) {
        this.options = options;
        candidates = new Candidates(vocabularySize);
        random = new SplittableRandom(options.seed());
        if (options.repeatPenalty() != 1 && options.repeatTokens() > 0) {
            steps.add(SamplingStep.repeatPenalty(options.repeatPenalty(), options.repeatTokens()));
        }
        if (options.temperature() == 0) {
            steps.add(SamplingStep.topK(1));
            return;
        }
        if (options.topK() > 0) {
            steps.add(SamplingStep.topK(options.topK()));
        }
        if (options.topP() < 1) {
            steps.add(SamplingStep.topP(options.topP()));
        }
        if (options.minP() > 0) {
            steps.add(SamplingStep.minP(options.minP()));
        }
        if (options.temperature() != 1) {
            steps.add(SamplingStep.temperature(options.temperature()));
        }
    }

    /** How many of the latest tokens {@link #choose} wants to see. */
    public int recentTokens() {
        return options.repeatPenalty() == 1 ? 0 : options.repeatTokens();
    }

    /**
     * The next token.
     *
     * @param logits of the whole vocabulary; left as they are
     * @param recent the latest tokens of the timeline, oldest first, at least {@link #recentTokens()} if there are
     */
    public int choose(float[] logits, int[] recent) {
        candidates.reset(logits);
        for (SamplingStep step : steps) {
            step.apply(candidates, recent);
        }
        if (candidates.size() == 1) {
            return candidates.token(0);
        }
        candidates.sort();
        double[] relative = candidates.relativeProbabilities();
        double total = 0;
        for (double value : relative) {
            total += value;
        }
        double left = random.nextDouble() * total;
        int chosen = 0;
        while (chosen < relative.length - 1 && left >= relative[chosen]) {
            left -= relative[chosen++];
        }
        return candidates.token(chosen);
    }
}
