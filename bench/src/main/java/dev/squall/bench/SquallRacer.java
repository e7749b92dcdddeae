package dev.squall.bench;

import dev.squall.generate.GenerationRequest;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** Squall as a racer, through the same calls that any user of the library makes. */
final class SquallRacer implements Racer {
    private final LanguageModel model;
    private final int[] timeline;
    private Session session;
    private int count;

    /** @param contextTokens most tokens in the sequence */
    SquallRacer(Path file, int contextTokens, int threads) throws IOException {
        // One more, as the library keeps room for the token that it is asked to choose.
        model = LanguageModel.builder(file)
                .contextTokens(contextTokens + 1)
                .threads(threads)
                .load();
        timeline = new int[contextTokens];
        session = model.newSession();
    }

    @Override
    public int prefill(int[] tokens) {
        // A session keeps what it has evaluated, and this prompt may be the last one again.
        session.close();
        session = model.newSession();
        System.arraycopy(tokens, 0, timeline, 0, tokens.length);
        count = tokens.length;
        return likeliest();
    }

    @Override
    public int decode(int token) {
        timeline[count++] = token;
        return likeliest();
    }

    private int likeliest() {
        GenerationRequest request = GenerationRequest.of(Arrays.copyOf(timeline, count), 1, SamplingOptions.greedy());
        return session.generate(request, TokenListener.NONE).answer().getFirst().token();
    }

    @Override
    public int vocabularySize() {
        return model.vocabularySize();
    }

    @Override
    public String description() {
        return "Squall (" + model.backendDescription() + ")";
    }

    @Override
    public void close() {
        session.close();
        model.close();
    }
}
