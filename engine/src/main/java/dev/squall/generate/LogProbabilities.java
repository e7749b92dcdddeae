package dev.squall.generate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Natural logarithms of the full softmax distribution behind a vector of logits, summed in double precision. */
public final class LogProbabilities {
    private static final Comparator<TokenProbability> LEAST_LIKELY_FIRST = Comparator.comparingDouble(
                    TokenProbability::logProbability)
            .thenComparing(Comparator.comparingInt(TokenProbability::token).reversed());

    private final float[] logits;
    private final int offset;
    private final int size;
    private final double logSum;

    /** The distribution of {@code size} logits from {@code offset}; holds until they change. */
    public LogProbabilities(float[] logits, int offset, int size) {
        this.logits = logits;
        this.offset = offset;
        this.size = size;
        float max = Float.NEGATIVE_INFINITY;
        for (int i = offset; i < offset + size; i++) {
            max = Math.max(max, logits[i]);
        }
        double sum = 0;
        for (int i = offset; i < offset + size; i++) {
            sum += Math.exp((double) logits[i] - max);
        }
        logSum = max + Math.log(sum);
    }

    double of(int token) {
        return logits[offset + token] - logSum;
    }

    /** Those of all tokens, as many as {@code out} takes from the first on. */
    public void all(float[] out) {
        for (int token = 0; token < out.length; token++) {
            out[token] = (float) of(token);
        }
    }

    /** The likeliest tokens, likeliest first; of equals the lower id first. */
    List<TokenProbability> likeliest(int count) {
        PriorityQueue<TokenProbability> best = new PriorityQueue<>(Math.max(1, count), LEAST_LIKELY_FIRST);
        for (int token = 0; token < size && count > 0; token++) {
            if (best.size() < count) {
                best.add(new TokenProbability(token, of(token)));
            } else if (of(token) > best.element().logProbability()) {
                best.remove();
                best.add(new TokenProbability(token, of(token)));
            }
        }
        List<TokenProbability> likeliest = new ArrayList<>(best);
        likeliest.sort(LEAST_LIKELY_FIRST.reversed());
        return likeliest;
    }

    ScoredToken score(int token, int likeliestCount) {
        return new ScoredToken(token, of(token), likeliest(likeliestCount));
    }
}
