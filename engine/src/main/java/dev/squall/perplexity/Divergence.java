package dev.squall.perplexity;

/**
 * How much a model's distributions differ from a base's over the same tokens, as llama-perplexity reports it. All logs are
 * natural.
 */
public final class Divergence {
    private final SampleStatistics negativeLogs = new SampleStatistics();
    private final SampleStatistics baseNegativeLogs = new SampleStatistics();
    private final SampleStatistics divergences = new SampleStatistics();
    private final SampleStatistics differences = new SampleStatistics();
    private final SampleStatistics agreements = new SampleStatistics();

    /**
     * Adds a position.
     *
     * @param base ln p of the whole vocabulary by the base
     * @param model the same by the model
     * @param token which came next
     */
    void add(float[] base, float[] model, int token) {
        double divergence = 0;
        for (int i = 0; i < base.length; i++) {
            divergence += Math.exp(base[i]) * ((double) base[i] - model[i]);
        }
        divergences.add(divergence);
        negativeLogs.add(-model[token]);
        baseNegativeLogs.add(-base[token]);
        differences.add(Math.exp(model[token]) - Math.exp(base[token]));
        agreements.add(greatest(base) == greatest(model) ? 1 : 0);
    }

    /** The place of the greatest, the first of equals. */
    private static int greatest(float[] values) {
        int greatest = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[greatest]) {
                greatest = i;
            }
        }
        return greatest;
    }

    /** Perplexity by the base. */
    public Perplexity base() {
        return Perplexity.of(baseNegativeLogs);
    }

    /** Perplexity by the model over that by the base. */
    public Perplexity ratio() {
        double value = Math.exp(negativeLogs.mean() - baseNegativeLogs.mean());
        double variance = negativeLogs.covarianceOfMeans(negativeLogs)
                + baseNegativeLogs.covarianceOfMeans(baseNegativeLogs)
                - 2 * negativeLogs.covarianceOfMeans(baseNegativeLogs);
        return new Perplexity(value, value * Math.sqrt(Math.max(0, variance)), negativeLogs.count());
    }

    /** The correlation of both models' ln p of the tokens, between -1 and 1; not a number where one never varies. */
    public double correlation() {
        return negativeLogs.covarianceOfMeans(baseNegativeLogs) / (negativeLogs.error() * baseNegativeLogs.error());
    }

    /** KL(base || model) of each position. */
    public SampleStatistics divergences() {
        return divergences;
    }

    /** The model's probability of each token less the base's. */
    public SampleStatistics differences() {
        return differences;
    }

    /** 1 for each position where both find the same token likeliest, else 0. */
    public SampleStatistics agreements() {
        return agreements;
    }
}
