package dev.squall.generate;

import dev.squall.expert.CacheCounters;
import dev.squall.model.RowBatch;
import dev.squall.sampling.Sampler;
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
            List<RunningRequest> active = new ArrayList<>();
            List<Session> sessions = new ArrayList<>();
            try {
                for (int i = 0; i < concurrency; i++) {
                    sessions.add(model.newSession());
                }
                List<Session> free = new ArrayList<>(sessions);
                int next = 0;
                while (!cancellation.isCancelled()) {
                    while (!free.isEmpty() && requests.hasNext()) {
                        active.add(new RunningRequest(next++, requests.next(), free.removeFirst()));
                    }
                    if (active.isEmpty()) {
                        return;
                    }
                    pass(active, listener);
                    for (RunningRequest running : List.copyOf(active)) {
                        if (running.reason != null) {
                            active.remove(running);
                            free.add(running.session);
                            listener.onResult(running.index, running.result());
                        }
                    }
                }
            } finally {
                sessions.forEach(Session::close);
            }
        }
    }

    /** One pass: a row for each answer that has its prompt behind it, then as many rows of prompts as there is room. */
    private void pass(List<RunningRequest> active, Listener listener) {
        ForwardPass forward = model.forwardPass();
        int room = forward.rowsMax();
        Rows rows = new Rows(room);
        for (RunningRequest running : active) {
            if (running.isDecoding() && rows.room() > 0) {
                rows.add(running, 1);
            }
        }
        for (RunningRequest running : active) {
            if (!running.isDecoding() && rows.room() > 0) {
                rows.add(running, Math.min(rows.room(), running.waiting()));
            }
        }
        forward.run(rows.batch());
        choose(forward, rows.ready, rows.lastRows());
        listener.onPass(rows.promptTokens, rows.ready.size());
    }

    private void choose(ForwardPass forward, List<RunningRequest> ready, int[] lastRows) {
        if (ready.stream().allMatch(running -> running.request.sampling().isGreedy())) {
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
            RunningRequest running = ready.get(i);
            running.accept(running.sampler.choose(some, running.answer.recent(running.sampler.recentTokens())));
        }
    }

    /** The rows of a pass as they are collected. */
    private static final class Rows {
        private final int[] tokens;
        private final int[] sequences;
        private final int[] positions;
        private final List<RunningRequest> ready = new ArrayList<>();
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

        void add(RunningRequest running, int some) {
            promptTokens += running.isDecoding() ? 0 : some;
            for (int i = 0; i < some; i++) {
                tokens[count] = running.answer.tokenAt(running.evaluated);
                sequences[count] = running.session.sequence();
                positions[count] = running.evaluated++;
                count++;
            }
            if (running.waiting() == 0) {
                ready.add(running);
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
    private final class RunningRequest {
        private final int index;
        private final GenerationRequest request;
        private final Session session;
        private final Sampler sampler;
        private final PartialAnswer answer;
        private int evaluated;
        private @Nullable StopReason reason;

        RunningRequest(int index, GenerationRequest request, Session session) {
            this.index = index;
            this.request = request;
            this.session = session;
            sampler = new Sampler(request.sampling(), model.vocabularySize());
            answer = new PartialAnswer(model, request);
            session.checkFits(request);
        }

        boolean isDecoding() {
            return evaluated >= request.prompt().length;
        }

        /** Tokens that are known and not evaluated. */
        int waiting() {
            return answer.length() - evaluated;
        }

        /** Takes the token that follows. */
        void accept(int token) {
            reason = request.tokensMax() == 0
                    ? StopReason.TOKEN_LIMIT
                    : answer.accept(ScoredToken.unscored(token), TokenListener.NONE);
        }

        GenerationResult result() {
            String text = answer.finish();
            long nanos = System.nanoTime() - answer.startedNanos();
            return new GenerationResult(
                    text,
                    List.of(),
                    answer.tokens(),
                    Objects.requireNonNull(reason),
                    new GenerationMetrics(
                            request.prompt().length,
                            0,
                            answer.tokens().size(),
                            answer.firstTokenNanos(),
                            nanos - answer.firstTokenNanos(),
                            answer.firstTokenNanos(),
                            CacheCounters.ZERO));
        }
    }
}
