package dev.squall.generate;

import dev.squall.expert.CacheCounters;
import dev.squall.model.RowBatch;
import dev.squall.sampling.Sampler;
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
            checkFits(request);
            return new Generation(request, listener).run();
        }
    }

    /** Takes the logits of positions in order. */
    @FunctionalInterface
    public interface LogitsConsumer {
        /**
         * @param position of the token that the logits come after
         * @param logits those of the whole vocabulary from {@code offset} on, until this returns
         */
        void accept(int position, float[] logits, int offset);
    }

    /**
     * Evaluates tokens from the beginning of the timeline, whatever it held, and gives the logits after each position from
     * {@code first} on, a few at a time.
     *
     * @throws ContextOverflowException if there are more tokens than the context holds
     */
    public void score(int[] tokens, int first, LogitsConsumer consumer) {
        synchronized (model) {
            if (closed) {
                throw new IllegalStateException("the session is closed");
            }
            check(tokens, evaluated.length);
            evaluatedCount = 0;
            while (evaluatedCount < tokens.length) {
                int from = evaluatedCount;
                int count = Math.min(model.forwardPass().rowsMax(), tokens.length - from);
                evaluate(tokens, from, count);
                forEachLogits(from, count, Math.max(first - from, 0), count, consumer);
            }
        }
    }

    /** The logits of rows {@code firstRow} to {@code lastRow - 1} of a batch whose first row is at position {@code from}. */
    private void forEachLogits(int from, int count, int firstRow, int lastRow, LogitsConsumer consumer) {
        int vocabularySize = model.vocabularySize();
        float[] many = new float[Math.multiplyExact(Math.min(SCORED_ROWS, count), vocabularySize)];
        for (int row = firstRow; row < lastRow; row += SCORED_ROWS) {
            int some = Math.min(SCORED_ROWS, lastRow - row);
            model.forwardPass().logits(IntStream.range(row, row + some).toArray(), many);
            for (int i = 0; i < some; i++) {
                consumer.accept(from + row + i, many, i * vocabularySize);
            }
        }
    }

    private void evaluate(int[] tokens, int from, int count) {
        model.forwardPass().run(RowBatch.ofSequence(tokens, from, count, sequence, evaluatedCount));
        System.arraycopy(tokens, from, evaluated, evaluatedCount, count);
        evaluatedCount += count;
    }

    /** The number that the KV cache knows it by. */
    int sequence() {
        return sequence;
    }

    void checkFits(GenerationRequest request) {
        check(request.prompt(), request.tokensMax() == 0 ? evaluated.length : evaluated.length - 1);
    }

    private void check(int[] prompt, int room) {
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
        /** Whether only the likeliest token is asked for, which then need not bring the logits along. */
        private final boolean greedy;

        private final int[] likeliest = new int[1];
        private final List<ScoredToken> promptTokens = new ArrayList<>();
        private final CacheCounters countersBefore = model.expertCounters();
        private final PartialAnswer answer;

        Generation(GenerationRequest request, TokenListener listener) {
            this.request = request;
            this.listener = listener;
            scores = request.likeliest() >= 0;
            greedy = !scores && request.sampling().isGreedy();
            answer = new PartialAnswer(model, request);
        }

        GenerationResult run() {
            int[] prompt = request.prompt();
            int cached = reusablePrefix(prompt);
            evaluatedCount = cached;
            if (!scores) {
                for (int token : prompt) {
                    promptTokens.add(ScoredToken.unscored(token));
                }
            }
            boolean prefilled = prefill(prompt);
            long prefilledNanos = System.nanoTime();
            StopReason reason = prefilled ? decode() : StopReason.CANCELLED;
            long endedNanos = System.nanoTime();
            return new GenerationResult(
                    answer.finish(),
                    promptTokens,
                    answer.tokens(),
                    reason,
                    new GenerationMetrics(
                            prefilled ? prompt.length : evaluatedCount,
                            cached,
                            answer.tokens().size(),
                            prefilledNanos - answer.startedNanos(),
                            endedNanos - prefilledNanos,
                            answer.firstTokenNanos(),
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
                promptTokens.add(ScoredToken.unscored(prompt[0]));
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
                    readOutput(count - 1);
                }
                listener.onPrefill(evaluatedCount, prompt.length);
            }
            return true;
        }

        private void readOutput(int row) {
            if (greedy) {
                forward.likeliest(new int[] {row}, logits, likeliest);
            } else {
                forward.logits(new int[] {row}, logits);
            }
        }

        private void scorePrompt(int[] prompt, int from, int count) {
            // The last token has nothing behind it that would be scored.
            int last = Math.min(count, prompt.length - 1 - from);
            forEachLogits(
                    from,
                    count,
                    0,
                    last,
                    (position, many, offset) -> promptTokens.add(new LogProbabilities(many, offset, vocabularySize)
                            .score(prompt[position + 1], request.likeliest())));
        }

        private StopReason decode() {
            if (request.tokensMax() == 0) {
                return StopReason.TOKEN_LIMIT;
            }
            Sampler sampler = new Sampler(request.sampling(), vocabularySize);
            while (!request.cancellation().isCancelled()) {
                int token = greedy ? likeliest[0] : sampler.choose(logits, answer.recent(sampler.recentTokens()));
                ScoredToken scored = scores
                        ? new LogProbabilities(logits, 0, vocabularySize).score(token, request.likeliest())
                        : ScoredToken.unscored(token);
                StopReason reason = answer.accept(scored, listener);
                if (reason != null) {
                    return reason;
                }
                evaluate(new int[] {token}, 0, 1);
                readOutput(0);
            }
            return StopReason.CANCELLED;
        }
    }
}
