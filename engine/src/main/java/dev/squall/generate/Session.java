package dev.squall.generate;

import dev.squall.expert.CacheCounters;
import dev.squall.model.RowBatch;
import dev.squall.sampling.Sampler;
import dev.squall.tokenizer.StreamingDecoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One timeline of tokens whose keys and values are in the model's cache. A request brings the whole timeline; what of it
 * the session has evaluated already is not evaluated again. Used by one thread at a time; sessions of one model take
 * turns.
 */
public final class Session implements AutoCloseable {
    /** Prompt rows whose logits are computed together when a request wants the prompt scored. */
    private static final int SCORED_ROWS = 16;

    private final LanguageModel model;
    private final int sequence;
    private final int[] evaluated;
    private int evaluatedCount;
    private boolean closed;

    Session(LanguageModel model, int sequence) {
        this.model = model;
        this.sequence = sequence;
        evaluated = new int[model.contextTokensMax()];
    }

    /** The tokens that are in the cache. */
    public int[] tokens() {
        return Arrays.copyOf(evaluated, evaluatedCount);
    }

    public int contextTokensMax() {
        return evaluated.length;
    }

    /**
     * Evaluates the prompt and generates.
     *
     * @throws ContextOverflowException if the prompt leaves no room for a token
     */
    public GenerationResult generate(GenerationRequest request, TokenListener listener) {
        synchronized (model) {
            if (closed) {
                throw new IllegalStateException("the session is closed");
            }
            check(request);
            return new Generation(request, listener).run();
        }
    }

    private void check(GenerationRequest request) {
        int[] prompt = request.prompt();
        int room = request.tokensMax() == 0 ? evaluated.length : evaluated.length - 1;
        if (prompt.length > room) {
            throw new ContextOverflowException("the prompt has " + prompt.length + " tokens, expected at most " + room
                    + " (context of " + evaluated.length + "): shorten it, or give a larger context (-c)");
        }
        int vocabularySize = model.vocabularySize();
        for (int token : prompt) {
            if (token < 0 || token >= vocabularySize) {
                throw new IllegalArgumentException(
                        "prompt token " + token + ", expected from 0 to " + (vocabularySize - 1));
            }
        }
    }

    @Override
    public void close() {
        synchronized (model) {
            if (!closed) {
                closed = true;
                model.release(sequence);
            }
        }
    }

    /** The course of one request. */
    private final class Generation {
        private final GenerationRequest request;
        private final TokenListener listener;
        private final boolean scores;
        private final int vocabularySize = model.vocabularySize();
        private final ForwardPass forward = model.forwardPass();
        private final float[] logits = new float[vocabularySize];
        private final List<ScoredToken> promptTokens = new ArrayList<>();
        private final List<ScoredToken> answerTokens = new ArrayList<>();
        private final StringBuilder text = new StringBuilder();
        private final StreamingDecoder decoder = model.tokenizer().streamingDecoder(false);
        private final CacheCounters countersBefore = model.expertCounters();
        private final long startedNanos = System.nanoTime();
        private long firstTokenNanos;

        Generation(GenerationRequest request, TokenListener listener) {
            this.request = request;
            this.listener = listener;
            scores = request.likeliest() >= 0;
        }

        GenerationResult run() {
            int[] prompt = request.prompt();
            int cached = reusablePrefix(prompt);
            evaluatedCount = cached;
            if (!scores) {
                for (int token : prompt) {
                    promptTokens.add(new ScoredToken(token, Double.NaN, List.of()));
                }
            }
            boolean prefilled = prefill(prompt);
            long prefilledNanos = System.nanoTime();
            StopReason reason = prefilled ? decode(prompt) : StopReason.CANCELLED;
            long endedNanos = System.nanoTime();
            text.append(decoder.finish());
            return new GenerationResult(
                    text.toString(),
                    promptTokens,
                    answerTokens,
                    reason,
                    new GenerationMetrics(
                            prompt.length,
                            cached,
                            answerTokens.size(),
                            prefilledNanos - startedNanos,
                            endedNanos - prefilledNanos,
                            firstTokenNanos,
                            model.expertCounters().since(countersBefore)));
        }

        /** The last prompt token is always evaluated, for its logits; all of them if they are to be scored. */
        private int reusablePrefix(int[] prompt) {
            if (scores) {
                return 0;
            }
            int equal = 0;
            int most = Math.min(evaluatedCount, prompt.length - 1);
            while (equal < most && evaluated[equal] == prompt[equal]) {
                equal++;
            }
            return equal;
        }

        /** Returns whether the whole prompt was evaluated. */
        private boolean prefill(int[] prompt) {
            if (scores) {
                promptTokens.add(new ScoredToken(prompt[0], Double.NaN, List.of()));
            }
            listener.onPrefill(evaluatedCount, prompt.length);
            while (evaluatedCount < prompt.length) {
                if (request.cancellation().isCancelled()) {
                    return false;
                }
                int from = evaluatedCount;
                int count = Math.min(forward.rowsMax(), prompt.length - from);
                evaluate(prompt, from, count);
                if (scores) {
                    scorePrompt(prompt, from, count);
                }
                if (evaluatedCount == prompt.length) {
                    forward.logits(new int[] {count - 1}, logits);
                }
                listener.onPrefill(evaluatedCount, prompt.length);
            }
            return true;
        }

        private void scorePrompt(int[] prompt, int from, int count) {
            float[] many = new float[Math.multiplyExact(SCORED_ROWS, vocabularySize)];
            for (int first = 0; first < count; first += SCORED_ROWS) {
                int scored = Math.min(SCORED_ROWS, Math.min(count, prompt.length - 1 - from) - first);
                if (scored <= 0) {
                    return;
                }
                forward.logits(IntStream.range(first, first + scored).toArray(), many);
                for (int i = 0; i < scored; i++) {
                    promptTokens.add(new LogProbabilities(many, i * vocabularySize, vocabularySize)
                            .score(prompt[from + first + i + 1], request.likeliest()));
                }
            }
        }

        private StopReason decode(int[] prompt) {
            Sampler sampler = new Sampler(request.sampling(), vocabularySize);
            while (answerTokens.size() < request.tokensMax()) {
                if (request.cancellation().isCancelled()) {
                    return StopReason.CANCELLED;
                }
                int token = sampler.choose(logits, recent(prompt, sampler.recentTokens()));
                if (answerTokens.isEmpty()) {
                    firstTokenNanos = System.nanoTime() - startedNanos;
                }
                ScoredToken scored = scores
                        ? new LogProbabilities(logits, 0, vocabularySize).score(token, request.likeliest())
                        : new ScoredToken(token, Double.NaN, List.of());
                answerTokens.add(scored);
                if (model.tokenizer().isEndOfGeneration(token)) {
                    listener.onToken(scored, "");
                    return StopReason.END_OF_GENERATION;
                }
                String whole = decoder.accept(token);
                text.append(whole);
                listener.onToken(scored, whole);
                if (answerTokens.size() == request.tokensMax()) {
                    break;
                }
                if (evaluatedCount == evaluated.length) {
                    return StopReason.CONTEXT_FULL;
                }
                evaluate(new int[] {token}, 0, 1);
                forward.logits(new int[] {0}, logits);
            }
            return StopReason.TOKEN_LIMIT;
        }

        private int[] recent(int[] prompt, int count) {
            int total = prompt.length + answerTokens.size();
            int[] recent = new int[Math.min(count, total)];
            for (int i = 0; i < recent.length; i++) {
                int at = total - recent.length + i;
                recent[i] = at < prompt.length
                        ? prompt[at]
                        : answerTokens.get(at - prompt.length).token();
            }
            return recent;
        }

        private void evaluate(int[] tokens, int from, int count) {
            forward.run(RowBatch.ofSequence(tokens, from, count, sequence, evaluatedCount));
            System.arraycopy(tokens, from, evaluated, evaluatedCount, count);
            evaluatedCount += count;
        }
    }
}
