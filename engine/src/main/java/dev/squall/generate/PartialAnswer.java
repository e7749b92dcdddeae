package dev.squall.generate;

import dev.squall.tokenizer.StreamingDecoder;
import dev.squall.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An answer under way, alone or among others: the tokens chosen after a prompt, their text, and when it ends. One thread.
 */
final class PartialAnswer {
    private final Tokenizer tokenizer;
    private final int[] prompt;
    private final int tokensMax;
    private final int contextTokensMax;
    private final StreamingDecoder decoder;
    private final StringBuilder text = new StringBuilder();
    private final List<ScoredToken> tokens = new ArrayList<>();
    private final long startedNanos = System.nanoTime();
    private long firstTokenNanos;

    /** Begins an answer, whose time counts from now on. */
    PartialAnswer(LanguageModel model, GenerationRequest request) {
        tokenizer = model.tokenizer();
        prompt = request.prompt();
        tokensMax = request.tokensMax();
        contextTokensMax = model.contextTokensMax();
        decoder = tokenizer.streamingDecoder(false);
    }

    List<ScoredToken> tokens() {
        return tokens;
    }

    long startedNanos() {
        return startedNanos;
    }

    /** From the beginning to the first token; 0 if there is none. */
    long firstTokenNanos() {
        return firstTokenNanos;
    }

    /** Tokens of prompt and answer together. */
    int length() {
        return prompt.length + tokens.size();
    }

    /** A token of prompt and answer together. */
    int tokenAt(int position) {
        return position < prompt.length
                ? prompt[position]
                : tokens.get(position - prompt.length).token();
    }

    /** The last tokens of prompt and answer together, at most so many. */
    int[] recent(int count) {
        int[] recent = new int[Math.min(count, length())];
        for (int i = 0; i < recent.length; i++) {
            recent[i] = tokenAt(length() - recent.length + i);
        }
        return recent;
    }

    /**
     * Takes the token that follows; all tokens before it are evaluated.
     *
     * @return why the answer ends with it; null if it goes on
     */
    @Nullable
    StopReason accept(ScoredToken token, TokenListener listener) {
        if (tokens.isEmpty()) {
            firstTokenNanos = System.nanoTime() - startedNanos;
        }
        tokens.add(token);
        if (tokenizer.isEndOfGeneration(token.token())) {
            listener.onToken(token, "");
            return StopReason.END_OF_GENERATION;
        }
        String whole = decoder.accept(token.token());
        text.append(whole);
        listener.onToken(token, whole);
        if (tokens.size() == tokensMax) {
            return StopReason.TOKEN_LIMIT;
        }
        return length() > contextTokensMax ? StopReason.CONTEXT_FULL : null;
    }

    /** The whole text, with what there is of a character never finished; no token may follow. */
    String finish() {
        return text.append(decoder.finish()).toString();
    }
}
