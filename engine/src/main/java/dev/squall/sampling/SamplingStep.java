package dev.squall.sampling;

import java.util.BitSet;

/** One step of a sampler chain: narrows or reshapes the candidates, always leaving at least one. */
@FunctionalInterface
interface SamplingStep {
    /**
     * @param candidates changed in place
     * @param recent the latest tokens of the timeline, oldest first
     */
    void apply(Candidates candidates, int[] recent);

    /** Keeps the k likeliest. */
    static SamplingStep topK(int k) {
        return (candidates, recent) -> candidates.keepLikeliest(k);
    }

    /** Keeps the fewest likeliest tokens whose probabilities sum to p (nucleus sampling, Holtzman et al., 2020). */
    static SamplingStep topP(double p) {
        return (candidates, recent) -> {
            candidates.sort();
            double[] relative = candidates.relativeProbabilities();
            double total = 0;
            for (double value : relative) {
                total += value;
            }
            double sum = 0;
            int kept = 0;
            while (kept < relative.length && sum < p * total) {
                sum += relative[kept++];
            }
            candidates.keepLikeliest(Math.max(1, kept));
        };
    }

    /** Keeps the tokens at least {@code fraction} times as likely as the likeliest. */
    static SamplingStep minP(double fraction) {
        double distance = Math.log(fraction);
        return (candidates, recent) -> {
            candidates.sort();
            int kept = 1;
            while (kept < candidates.size() && candidates.logit(kept) - candidates.logit(0) >= distance) {
                kept++;
            }
            candidates.keepLikeliest(kept);
        };
    }

    /** Divides the logits. */
    static SamplingStep temperature(float temperature) {
        return (candidates, recent) -> candidates.divide(temperature);
    }

    /** Makes each recent token less likely, once however often it occurs (CTRL, Keskar et al., 2019). */
    static SamplingStep repeatPenalty(float penalty, int repeatTokens) {
        return (candidates, recent) -> {
            BitSet seen = new BitSet();
            for (int i = Math.max(0, recent.length - repeatTokens); i < recent.length; i++) {
                seen.set(recent[i]);
            }
            for (int i = 0; i < candidates.size(); i++) {
                if (seen.get(candidates.token(i))) {
                    float logit = candidates.logit(i);
                    candidates.setLogit(i, logit > 0 ? logit / penalty : logit * penalty);
                }
            }
        };
    }
}
