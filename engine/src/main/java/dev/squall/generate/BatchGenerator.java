package dev.squall.generate;

import dev.squall.expert.CacheCounters;
import dev.squall.model.RowBatch;
import dev.squall.sampling.Sampler;
import dev.squall.tokenizer.StreamingDecoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Answers many requests, several at a time: a pass has a row for each answer under way, and rows of prompts that wait, so
 * that weights that are read once serve them all. A request that ends makes room for the next at once. What a request
 * gets is the same bit for bit whatever shares its passes. Uses sessions of the model while it runs; one thread.
 */
public final class BatchGenerator {
    private final LanguageModel model;
    private final int concurrency;
    private final float[] logits;
    private final float[] some;

    /** Takes results in the order in which they are ready. */
    @FunctionalInterface
    public interface Listener {
        /** @param index the request's place among all */
        void onResult(int index, GenerationResult result);

        /**
         * Hears of each pass, before any result that comes of it.
         *
         * @param promptTokens tokens of prompts that it evaluated
         * @param answerTokens tokens that were chosen from it
         */
        default void onPass(int promptTokens, int answerTokens) {}
    }

    /**
     * @param concurrency requests under way at once, at most the sequences that the model was loaded for
     */
    public BatchGenerator(LanguageModel model, int concurrency) {
        if (concurrency < 1) {
            throw new IllegalArgumentException("concurrency=" + concurrency + ", expected at least 1");
        }
        this.model = model;
        this.concurrency = concurrency;
        logits = new float[Math.multiplyExact(concurrency, model.vocabularySize())];
        some = new float[model.vocabularySize()];
    }

    /**
     * Runs until there are no more requests, or it is cancelled: then what is under way is given up, and no more results
     * come. Requests ask for no log-probabilities, and their own cancellation does nothing.
     *
     * @throws ContextOverflowException if a prompt leaves no room for a token; check before
     */
    public void run(Iterator<GenerationRequest> requests, Cancellation cancellation, Listener listener) {
        synchronized (model) {
            List<Answer> active = new ArrayList<>();
            List<Session> sessions = new ArrayList<>();
            try {
                for (int i = 0; i < concurrency; i++) {
                    sessions.add(model.newSession());
                }
                List<Session> free = new ArrayList<>(sessions);
                int next = 0;
                while (!cancellation.isCancelled()) {
                    while (!free.isEmpty() && requests.hasNext()) {
                        active.add(new Answer(next++, requests.next(), free.removeFirst()));
                    }
                    if (active.isEmpty()) {
                        return;
                    }
                    pass(active, listener);
                    for (Answer answer : List.copyOf(active)) {
                        if (answer.reason != null) {
                            active.remove(answer);
                            free.add(answer.session);
                            listener.onResult(answer.index, answer.result());
                        }
                    }
                }
            } finally {
                sessions.forEach(Session::close);
            }
        }
    }

    /** One pass: a row for each answer that has its prompt behind it, then as many rows of prompts as there is room. */
    private void pass(List<Answer> active, Listener listener) {
        ForwardPass forward = model.forwardPass();
        int room = forward.rowsMax();
        Rows rows = new Rows(room);
        for (Answer answer : active) {
            if (answer.isDecoding() && rows.room() > 0) {
                rows.add(answer, 1);
            }
        }
        for (Answer answer : active) {
            if (!answer.isDecoding() && rows.room() > 0) {
                rows.add(answer, Math.min(rows.room(), answer.waiting()));
            }
        }
        forward.run(rows.batch());
        choose(forward, rows.ready, rows.lastRows());
        listener.onPass(rows.promptTokens, rows.ready.size());
    }

    private void choose(ForwardPass forward, List<Answer> ready, int[] lastRows) {
        if (ready.stream().allMatch(answer -> answer.request.sampling().isGreedy())) {
            int[] tokens = new int[lastRows.length];
            forward.likeliest(lastRows, logits, tokens);
            for (int i = 0; i < tokens.length; i++) {
                ready.get(i).accept(tokens[i]);
            }
            return;
        }
        forward.logits(lastRows, logits);
        int vocabularySize = model.vocabularySize();
        for (int i = 0; i < lastRows.length; i++) {
            System.arraycopy(logits, i * vocabularySize, some, 0, vocabularySize);
            ready.get(i).accept(ready.get(i).sampler.choose(some, ready.get(i).recent()));
        }
    }

    /** The rows of a pass as they are collected. */
    private static final class Rows {
        private final int[] tokens;
        private final int[] sequences;
        private final int[] positions;
        private final List<Answer> ready = new ArrayList<>();
        private final List<Integer> lastRows = new ArrayList<>();
        private int count;
        private int promptTokens;

        Rows(int room) {
            tokens = new int[room];
            sequences = new int[room];
            positions = new int[room];
        }

        int room() {
            return tokens.length - count;
        }

        void add(Answer answer, int some) {
            promptTokens += answer.isDecoding() ? 0 : some;
            for (int i = 0; i < some; i++) {
                tokens[count] = answer.tokenAt(answer.evaluated);
                sequences[count] = answer.session.sequence();
                positions[count] = answer.evaluated++;
                count++;
            }
            if (answer.waiting() == 0) {
                ready.add(answer);
                lastRows.add(count - 1);
            }
        }

        RowBatch batch() {
            return new RowBatch(
                    Arrays.copyOf(tokens, count), Arrays.copyOf(sequences, count), Arrays.copyOf(positions, count));
        }

        int[] lastRows() {
            return lastRows.stream().mapToInt(Integer::intValue).toArray();
        }
    }

    /** One request under way. */
    private final class Answer {
        private final int index;
        private final GenerationRequest request;
        private final Session session;
        private final int[] prompt;
        private final Sampler sampler;
        private final StreamingDecoder decoder = model.tokenizer().streamingDecoder(false);
        private final StringBuilder text = new StringBuilder();
        private final List<ScoredToken> tokens = new ArrayList<>();
        private final long startedNanos = System.nanoTime();
        private long firstTokenNanos;
        private int evaluated;
        private @Nullable StopReason reason;

        Answer(int index, GenerationRequest request, Session session) {
            this.index = index;
            this.request = request;
            this.session = session;
            prompt = request.prompt();
            sampler = new Sampler(request.sampling(), model.vocabularySize());
            session.checkFits(request);
        }

        boolean isDecoding() {
            return evaluated >= prompt.length;
        }

        /** Tokens that are known and not evaluated. */
        int waiting() {
            return prompt.length + tokens.size() - evaluated;
        }

        int tokenAt(int position) {
            return position < prompt.length
                    ? prompt[position]
                    : tokens.get(position - prompt.length).token();
        }

        /** Takes the token that follows. */
        void accept(int token) {
            if (request.tokensMax() == 0) {
                reason = StopReason.TOKEN_LIMIT;
                return;
            }
            if (tokens.isEmpty()) {
                firstTokenNanos = System.nanoTime() - startedNanos;
            }
            tokens.add(new ScoredToken(token, Double.NaN, List.of()));
            if (model.tokenizer().isEndOfGeneration(token)) {
                reason = StopReason.END_OF_GENERATION;
                return;
            }
            text.append(decoder.accept(token));
            if (tokens.size() == request.tokensMax()) {
                reason = StopReason.TOKEN_LIMIT;
            } else if (evaluated == session.contextTokensMax()) {
                reason = StopReason.CONTEXT_FULL;
            }
        }

        private int[] recent() {
            int total = prompt.length + tokens.size();
            int[] recent = new int[Math.min(sampler.recentTokens(), total)];
            for (int i = 0; i < recent.length; i++) {
                recent[i] = tokenAt(total - recent.length + i);
            }
            return recent;
        }

        GenerationResult result() {
            text.append(decoder.finish());
            long nanos = System.nanoTime() - startedNanos;
            return new GenerationResult(
                    text.toString(),
                    List.of(),
                    tokens,
                    Objects.requireNonNull(reason),
                    new GenerationMetrics(
                            prompt.length,
                            0,
                            tokens.size(),
                            firstTokenNanos,
                            nanos - firstTokenNanos,
                            firstTokenNanos,
                            CacheCounters.ZERO));
        }
    }
}
