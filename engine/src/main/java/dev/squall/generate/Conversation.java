package dev.squall.generate;

import dev.squall.sampling.SamplingOptions;
import dev.squall.tokenizer.ChatMessage;
import dev.squall.tokenizer.ChatTemplate;
import dev.squall.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A chat on one session: the system text and the turns so far, each a question and its answer. Renders them through the
 * model's chat template, so that nothing a person typed becomes a control token. When they no longer fit the context
 * beside room for an answer, the oldest turns are forgotten, whole ones and never the system text. One thread at a time.
 */
public final class Conversation {
    /** Room that an answer gets at least, if need be by forgetting turns: an eighth of the context, at most this. */
    public static final int ANSWER_ROOM_TOKENS_MAX = 256;

    /**
     * How to answer; as the fields of {@link GenerationRequest}.
     *
     * @param tokensMax most tokens of the answer
     * @param sampling how tokens are chosen
     * @param likeliest log-probabilities to report, -1 for none
     * @param cancellation stops the answer from another thread
     */
    public record ReplyOptions(int tokensMax, SamplingOptions sampling, int likeliest, Cancellation cancellation) {
        /** Without log-probabilities, and never cancelled. */
        public static ReplyOptions of(int tokensMax, SamplingOptions sampling) {
            return new ReplyOptions(tokensMax, sampling, -1, new Cancellation());
        }
    }

    /**
     * An answer.
     *
     * @param result the generation, whose prompt is the whole chat as it was rendered
     * @param turnsForgotten how many of the oldest turns were forgotten to make room
     */
    public record Reply(GenerationResult result, int turnsForgotten) {}

    private record Turn(String question, String answer) {}

    private record Prompt(int[] tokens, int turnsForgotten) {}

    private final Session session;
    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final List<Turn> turns = new ArrayList<>();
    private @Nullable String system;

    public Conversation(Session session, Tokenizer tokenizer, ChatTemplate template) {
        this.session = session;
        this.tokenizer = tokenizer;
        this.template = template;
    }

    /** The system text, null if there is none. */
    public @Nullable String system() {
        return system;
    }

    /** Changes the system text from the next answer on; null is none. */
    public void setSystem(@Nullable String system) {
        this.system = system;
    }

    /** How many questions were answered and are not forgotten. */
    public int turnCount() {
        return turns.size();
    }

    /**
     * Answers. An answer that was cancelled is kept as far as it came; one that never began leaves the chat as it was.
     *
     * @throws ContextOverflowException if the system text and this question alone are longer than the context; the chat
     *     is as it was
     */
    public Reply reply(String question, ReplyOptions options, TokenListener listener) {
        Prompt prompt = fit(turns, question, options.tokensMax());
        GenerationResult result = generate(prompt, options, listener);
        if (isCancelledBeforeItBegan(result)) {
            return new Reply(result, 0);
        }
        turns.subList(0, prompt.turnsForgotten()).clear();
        turns.add(new Turn(question, result.text()));
        return new Reply(result, prompt.turnsForgotten());
    }

    /**
     * Answers the last question again. The new answer takes the place of the old one, unless it was cancelled before it
     * began.
     *
     * @throws IllegalStateException if there is no question yet
     */
    public Reply regenerate(ReplyOptions options, TokenListener listener) {
        if (turns.isEmpty()) {
            throw new IllegalStateException("no question yet, expected one to answer again");
        }
        Turn last = turns.getLast();
        Prompt prompt = fit(turns.subList(0, turns.size() - 1), last.question(), options.tokensMax());
        GenerationResult result = generate(prompt, options, listener);
        if (isCancelledBeforeItBegan(result)) {
            return new Reply(result, 0);
        }
        turns.subList(0, prompt.turnsForgotten()).clear();
        turns.set(turns.size() - 1, new Turn(last.question(), result.text()));
        return new Reply(result, prompt.turnsForgotten());
    }

    /** Forgets all turns; the system text stays. */
    public void clear() {
        turns.clear();
    }

    /** The system text, if any, and the turns in order, as {@link #restore} takes them. */
    public List<ChatMessage> messages() {
        return messages(turns, null);
    }

    /**
     * Takes up a chat where {@link #messages} left it.
     *
     * @throws IllegalArgumentException if the messages are not at most one system text first, then questions and answers
     *     in turn; this chat is as it was
     */
    public void restore(List<ChatMessage> messages) {
        String restoredSystem = null;
        List<Turn> restored = new ArrayList<>();
        int first = 0;
        if (!messages.isEmpty() && messages.getFirst().role() == ChatMessage.Role.SYSTEM) {
            restoredSystem = messages.getFirst().content();
            first = 1;
        }
        for (int i = first; i < messages.size(); i += 2) {
            expectRole(messages, i, ChatMessage.Role.USER);
            expectRole(messages, i + 1, ChatMessage.Role.ASSISTANT);
            restored.add(new Turn(messages.get(i).content(), messages.get(i + 1).content()));
        }
        system = restoredSystem;
        turns.clear();
        turns.addAll(restored);
    }

    private static void expectRole(List<ChatMessage> messages, int index, ChatMessage.Role role) {
        if (index >= messages.size() || messages.get(index).role() != role) {
            throw new IllegalArgumentException("message %d: %s, expected one of role %s"
                    .formatted(
                            index + 1,
                            index >= messages.size()
                                    ? "missing"
                                    : "role " + messages.get(index).role(),
                            role));
        }
    }

    private GenerationResult generate(Prompt prompt, ReplyOptions options, TokenListener listener) {
        return session.generate(
                new GenerationRequest(
                        prompt.tokens(),
                        options.tokensMax(),
                        options.sampling(),
                        options.likeliest(),
                        options.cancellation()),
                listener);
    }

    /** The prompt with as many of the latest turns as leave room for an answer; without any, if none do. */
    private Prompt fit(List<Turn> history, String question, int tokensMax) {
        int tokensThatFit = session.contextTokensMax() - Math.min(tokensMax, answerRoomTokens());
        Prompt whole = prompt(history, 0, question);
        if (history.isEmpty() || whole.tokens().length <= tokensThatFit) {
            return whole;
        }
        // A chat that was taken up may have thousands of turns, so halve the range in which the fewest lie.
        int fewest = 1;
        int most = history.size();
        while (fewest < most) {
            int middle = (fewest + most) >>> 1;
            if (prompt(history, middle, question).tokens().length <= tokensThatFit) {
                most = middle;
            } else {
                fewest = middle + 1;
            }
        }
        return prompt(history, fewest, question);
    }

    private Prompt prompt(List<Turn> history, int forgotten, String question) {
        return new Prompt(encode(messages(history.subList(forgotten, history.size()), question)), forgotten);
    }

    private int answerRoomTokens() {
        return Math.clamp(session.contextTokensMax() / 8, 1, ANSWER_ROOM_TOKENS_MAX);
    }

    private int[] encode(List<ChatMessage> messages) {
        return tokenizer.encode(template.render(messages, true));
    }

    private List<ChatMessage> messages(List<Turn> history, @Nullable String question) {
        List<ChatMessage> messages = new ArrayList<>();
        if (system != null) {
            messages.add(new ChatMessage(ChatMessage.Role.SYSTEM, system));
        }
        for (Turn turn : history) {
            messages.add(new ChatMessage(ChatMessage.Role.USER, turn.question()));
            messages.add(new ChatMessage(ChatMessage.Role.ASSISTANT, turn.answer()));
        }
        if (question != null) {
            messages.add(new ChatMessage(ChatMessage.Role.USER, question));
        }
        return messages;
    }

    private static boolean isCancelledBeforeItBegan(GenerationResult result) {
        return result.stopReason() == StopReason.CANCELLED && result.answer().isEmpty();
    }
}
