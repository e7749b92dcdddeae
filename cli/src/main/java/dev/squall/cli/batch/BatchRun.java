package dev.squall.cli.batch;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.answer.Templates;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Failures;
import dev.squall.generate.BatchGenerator;
import dev.squall.generate.Cancellation;
import dev.squall.generate.GenerationRequest;
import dev.squall.generate.GenerationResult;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.PromptOrder;
import dev.squall.generate.StopReason;
import dev.squall.sampling.SamplingOptions;
import dev.squall.tokenizer.ChatMessage;
import dev.squall.tokenizer.ChatTemplate;
import dev.squall.tokenizer.ChatTemplateException;
import dev.squall.tokenizer.TokenizerException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** Answers the prompts of a batch and appends what comes of each to its file. */
final class BatchRun {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Prompts that are put in order together: the order takes time with the square of their number. */
    static final int REORDERED_MAX = 4096;

    private final LanguageModel model;
    private final Settings settings;
    private final BatchOutput output;
    private final BatchOutput errors;
    private final BatchHistory history;
    private final @Nullable ChatTemplate template;
    private final List<BatchItem> started = new ArrayList<>();
    private long answerTokens;
    private long promptTokens;
    private int answered;
    private int failed;

    /**
     * What holds for all prompts.
     *
     * @param source where they are from, for complaints
     * @param system of chats that bring none
     * @param tokensMax most tokens of an answer, -1 for no limit
     * @param reorder whether prompts that are alike are answered together
     */
    record Settings(
            String source,
            SamplingOptions sampling,
            int tokensMax,
            @Nullable String system,
            boolean raw,
            int errorsMax,
            int concurrency,
            boolean reorder) {}

    /** Hears of each prompt that is done. */
    @FunctionalInterface
    interface Progress {
        void onItem(BatchRun run);
    }

    /** @param history hears of passes and answers */
    BatchRun(LanguageModel model, Settings settings, BatchOutput output, BatchOutput errors, BatchHistory history) {
        this.history = history;
        this.model = model;
        this.settings = settings;
        this.output = output;
        this.errors = errors;
        template = settings.raw() ? null : Templates.of(model);
    }

    int answered() {
        return answered;
    }

    int failed() {
        return failed;
    }

    long answerTokens() {
        return answerTokens;
    }

    long promptTokens() {
        return promptTokens;
    }

    /**
     * Answers all items that have no answer yet.
     *
     * @throws IOException if an answer cannot be kept
     */
    void run(List<BatchItem> items, Cancellation cancellation, Progress progress) throws IOException {
        try {
            new BatchGenerator(model, settings.concurrency())
                    .run(new Requests(items), cancellation, new BatchGenerator.Listener() {
                        @Override
                        public void onResult(int index, GenerationResult result) {
                            history.addAnswer(result.metrics());
                            keep(started.get(index), result);
                            progress.onItem(BatchRun.this);
                        }

                        @Override
                        public void onPass(int promptTokensOfPass, int answerTokensOfPass) {
                            history.addPass(promptTokensOfPass, answerTokensOfPass);
                        }
                    });
        } catch (UncheckedIOException e) {
            throw e.getCause() == null ? new IOException(e) : e.getCause();
        }
    }

    /** The requests of items without an answer, made as they are asked for; what cannot be asked becomes a failure. */
    private final class Requests implements Iterator<GenerationRequest> {
        private final Iterator<BatchItem> items;
        private @Nullable GenerationRequest next;

        Requests(List<BatchItem> items) {
            this.items = settings.reorder() ? new LikeAfterLike(items) : items.iterator();
        }

        @Override
        public boolean hasNext() {
            while (next == null && items.hasNext()) {
                BatchItem item = items.next();
                if (output.isFinished(item.id())) {
                    continue;
                }
                int[] prompt;
                try {
                    prompt = prompt(item);
                } catch (ChatTemplateException | TokenizerException e) {
                    fail(item, Failures.describe(e));
                    continue;
                }
                if (prompt.length >= model.contextTokensMax()) {
                    fail(
                            item,
                            "the prompt has " + prompt.length + " tokens, expected at most "
                                    + (model.contextTokensMax() - 1) + ": shorten it, or give a larger --ctx-size");
                    continue;
                }
                next = GenerationRequest.of(prompt, tokensMax(item), sampling(item));
                started.add(item);
            }
            return next != null;
        }

        @Override
        public GenerationRequest next() {
            GenerationRequest request = hasNext() ? next : null;
            if (request == null) {
                throw new NoSuchElementException();
            }
            next = null;
            return request;
        }
    }

    /** Items in an order in which neighbours are alike, within so many that are taken from the file at a time. */
    private final class LikeAfterLike implements Iterator<BatchItem> {
        private final Iterator<BatchItem> items;
        private Iterator<BatchItem> ordered = Collections.emptyIterator();

        LikeAfterLike(List<BatchItem> items) {
            this.items =
                    items.stream().filter(item -> !output.isFinished(item.id())).iterator();
        }

        @Override
        public boolean hasNext() {
            return ordered.hasNext() || items.hasNext();
        }

        @Override
        public BatchItem next() {
            if (!ordered.hasNext()) {
                List<BatchItem> some = new ArrayList<>();
                List<int[]> tokens = new ArrayList<>();
                while (items.hasNext() && some.size() < REORDERED_MAX) {
                    BatchItem item = items.next();
                    some.add(item);
                    tokens.add(promptOrNone(item));
                }
                ordered = Arrays.stream(PromptOrder.bySimilarity(model, tokens))
                        .mapToObj(some::get)
                        .iterator();
            }
            return ordered.next();
        }
    }

    /** Its tokens; none if it has no place in the model's chats, which is told when its turn comes. */
    private int[] promptOrNone(BatchItem item) {
        try {
            return prompt(item);
        } catch (ChatTemplateException | TokenizerException e) {
            return new int[0];
        }
    }

    /**
     * Its tokens.
     *
     * @throws ChatTemplateException if the model's template refuses its messages
     * @throws TokenizerException if the vocabulary has no tokens for its text
     */
    private int[] prompt(BatchItem item) {
        if (template == null) {
            return model.tokenizer().encodePrompt(item.messages().getLast().content());
        }
        List<ChatMessage> messages = new ArrayList<>(item.messages());
        String system = settings.system();
        if (system != null && messages.getFirst().role() != ChatMessage.Role.SYSTEM) {
            messages.addFirst(ChatMessage.system(system));
        }
        return model.tokenizer().encode(template.render(messages, true));
    }

    private int tokensMax(BatchItem item) {
        int all = settings.tokensMax() == -1 ? model.contextTokensMax() : settings.tokensMax();
        return item.tokensMax().orElse(all);
    }

    /** The seed depends on the batch's and the item's id, so neither order nor company changes an answer. */
    private SamplingOptions sampling(BatchItem item) {
        SamplingOptions all = settings.sampling();
        return new SamplingOptions(
                (float) item.temperature().orElse(all.temperature()),
                all.topK(),
                (float) item.topP().orElse(all.topP()),
                all.minP(),
                all.repeatPenalty(),
                all.repeatTokens(),
                item.seed().orElse(seed(all.seed(), item.id())));
    }

    static long seed(long batch, String id) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, batch));
            return ByteBuffer.wrap(digest.digest(id.getBytes(StandardCharsets.UTF_8)))
                            .getLong()
                    >>> 1;
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    private void keep(BatchItem item, GenerationResult result) {
        ObjectNode record = JSON.createObjectNode();
        record.put("id", "batch-" + item.line());
        record.put("custom_id", item.id());
        ObjectNode response = record.putObject("response");
        response.put("status_code", 200);
        ObjectNode body = response.putObject("body");
        body.put("object", "chat.completion");
        body.put("model", String.valueOf(model.file().paths().getFirst().getFileName()));
        ObjectNode choice = body.putArray("choices").addObject();
        choice.put("index", 0);
        ObjectNode message = choice.putObject("message");
        message.put("role", "assistant");
        message.put("content", result.text());
        choice.put("finish_reason", result.stopReason() == StopReason.END_OF_GENERATION ? "stop" : "length");
        ObjectNode usage = body.putObject("usage");
        int prompt = result.metrics().promptTokens();
        int generated = result.metrics().generatedTokens();
        usage.put("prompt_tokens", prompt);
        usage.put("completion_tokens", generated);
        usage.put("total_tokens", prompt + generated);
        record.putNull("error");
        append(output, item.id(), record);
        answered++;
        promptTokens += prompt;
        answerTokens += generated;
    }

    /** Records that a line has no answer. */
    void fail(BatchInput.Problem problem) {
        fail(
                problem.line(),
                problem.id() == null ? "line-" + problem.line() : problem.id(),
                settings.source() + ":" + problem.line() + ": " + problem.reason());
    }

    private void fail(BatchItem item, String reason) {
        String told = settings.source() + ":" + item.line() + ": " + reason;
        fail(item.line(), item.id(), told);
        if (failed > settings.errorsMax()) {
            throw new CommandFailure(told + "; failures: " + failed + ", --max-errors is " + settings.errorsMax()
                    + ": mend what is wrong, or allow for it, and start the same command again");
        }
    }

    private void fail(int line, String id, String reason) {
        ObjectNode record = JSON.createObjectNode();
        record.put("id", "batch-" + line);
        record.put("custom_id", id);
        record.putNull("response");
        ObjectNode error = record.putObject("error");
        error.put("line", line);
        error.put("message", reason);
        append(errors, id, record);
        failed++;
    }

    private static void append(BatchOutput file, String id, ObjectNode record) {
        try {
            file.append(id, JSON.writeValueAsString(record));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
