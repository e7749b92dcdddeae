package dev.squall.perplexity;

import dev.squall.generate.LanguageModel;
import dev.squall.generate.LogProbabilities;
import dev.squall.generate.Session;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Scores a text, window after window, and compares with a base's distributions if there are any. */
public final class PerplexityRun {
    private final LanguageModel model;
    private final TextChunks chunks;
    private final DistributionFile.@Nullable Reader base;
    private final DistributionFile.@Nullable Writer save;
    private final SampleStatistics negativeLogs = new SampleStatistics();
    private final Divergence divergence = new Divergence();
    private final float[] logs;
    private final float[] baseLogs;

    /** Hears of each window. */
    @FunctionalInterface
    public interface Progress {
        /** @param soFar the perplexity of the windows up to this one */
        void onChunk(int chunk, Perplexity soFar);
    }

    /**
     * @param base what to compare with; null for nothing
     * @param save where to keep the model's own distributions; null for nowhere
     */
    public PerplexityRun(
            LanguageModel model,
            TextChunks chunks,
            DistributionFile.@Nullable Reader base,
            DistributionFile.@Nullable Writer save) {
        this.model = model;
        this.chunks = chunks;
        this.base = base;
        this.save = save;
        logs = new float[model.vocabularySize()];
        baseLogs = new float[logs.length];
    }

    /**
     * Scores all windows.
     *
     * @throws IOException if the base cannot be read or the distributions not be kept
     */
    public void run(Progress progress) throws IOException {
        try (Session session = model.newSession()) {
            for (int i = 0; i < chunks.count(); i++) {
                int[] tokens = chunks.chunk(i);
                session.score(tokens, chunks.firstScored(), (position, logits, offset) -> {
                    if (position < tokens.length - 1) {
                        score(logits, offset, tokens[position + 1]);
                    }
                });
                progress.onChunk(i, perplexity());
            }
        } catch (UncheckedIOException e) {
            throw Objects.requireNonNull(e.getCause());
        }
    }

    private void score(float[] logits, int offset, int token) {
        new LogProbabilities(logits, offset, logs.length).all(logs);
        negativeLogs.add(-logs[token]);
        try {
            if (save != null) {
                save.write(logs);
            }
            if (base != null) {
                base.read(baseLogs);
                divergence.add(baseLogs, logs, token);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of the windows so far. */
    public Perplexity perplexity() {
        return Perplexity.of(negativeLogs);
    }

    /** From the base, of the windows so far. */
    public Divergence divergence() {
        return divergence;
    }
}
