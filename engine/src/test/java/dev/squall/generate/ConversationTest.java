package dev.squall.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.generate.Conversation.Reply;
import dev.squall.generate.Conversation.ReplyOptions;
import dev.squall.sampling.SamplingOptions;
import dev.squall.tokenizer.ChatMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Chats with the demo model in a context of 160 tokens, which six short turns fill. */
class ConversationTest {
    private static final int CONTEXT = 160;
    private static final String QUESTION = "What is the capital of France?";
    private static final String ANSWER = "The capital of France is Paris.";

    private static LanguageModel model;

    private Session session;
    private Conversation conversation;

    @BeforeAll
    static void loadModel() throws IOException {
        model = LanguageModel.builder(DemoFile.path()).contextTokens(CONTEXT).load();
    }

    @AfterAll
    static void closeModel() {
        model.close();
    }

    @BeforeEach
    void openSession() {
        session = model.newSession();
        conversation = newConversation();
    }

    @AfterEach
    void closeSession() {
        session.close();
    }

    private Conversation newConversation() {
        return new Conversation(session, model.tokenizer(), model.chatTemplate().orElseThrow());
    }

    private static ReplyOptions greedy() {
        return new ReplyOptions(CONTEXT, SamplingOptions.greedy(), -1, new Cancellation());
    }

    private Reply reply(String question) {
        return conversation.reply(question, greedy(), TokenListener.NONE);
    }

    @Test
    void remembersQuestionsAndAnswers() {
        Reply first = reply(QUESTION);
        reply("Hello");

        assertThat(first.result().text()).isEqualTo(ANSWER);
        assertThat(first.result().stopReason()).isEqualTo(StopReason.END_OF_GENERATION);
        assertThat(first.turnsForgotten()).isZero();
        assertThat(conversation.turnCount()).isEqualTo(2);
        assertThat(conversation.messages().subList(0, 3))
                .containsExactly(ChatMessage.user(QUESTION), ChatMessage.assistant(ANSWER), ChatMessage.user("Hello"));
    }

    @Test
    void doesNotEvaluateTheEarlierTurnsAgain() {
        reply(QUESTION);

        GenerationMetrics metrics = reply("Hello").result().metrics();

        assertThat(metrics.promptTokensCached()).isGreaterThan(metrics.promptTokens() / 2);
    }

    @Test
    void putsTheSystemTextFirst() {
        conversation.setSystem("Be brief.");
        List<ScoredToken> prompt = reply(QUESTION).result().prompt();

        String text = model.tokenizer()
                .decode(prompt.stream().mapToInt(ScoredToken::token).toArray());
        assertThat(text.indexOf("Be brief.")).isBetween(0, text.indexOf(QUESTION));
        assertThat(conversation.messages().getFirst()).isEqualTo(ChatMessage.system("Be brief."));
    }

    @Test
    void forgetsTheOldestTurnsButNeverTheSystemTextWhenTheContextIsFull() {
        conversation.setSystem("Be brief.");
        int forgotten = 0;
        for (int i = 0; i < 9; i++) {
            Reply reply = reply(QUESTION);
            forgotten += reply.turnsForgotten();
            assertThat(reply.result().text()).isEqualTo(ANSWER);
            assertThat(reply.result().prompt().size() + CONTEXT / 8).isLessThanOrEqualTo(CONTEXT);
        }

        assertThat(forgotten).isPositive();
        assertThat(conversation.turnCount()).isEqualTo(9 - forgotten);
        assertThat(conversation.system()).isEqualTo("Be brief.");
    }

    @Test
    @Timeout(30)
    void findsTheTurnsThatFitAmongThousands() {
        List<ChatMessage> messages = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            messages.add(ChatMessage.user((QUESTION + " ").repeat(8)));
            messages.add(ChatMessage.assistant((ANSWER + " ").repeat(8)));
        }
        messages.addAll(List.of(ChatMessage.user(QUESTION), ChatMessage.assistant(ANSWER)));
        conversation.restore(messages);

        Reply reply = reply(QUESTION);

        assertThat(reply.turnsForgotten()).isEqualTo(3_000);
        assertThat(reply.result().text()).isEqualTo(ANSWER);
    }

    @Test
    void leavesOnlyAsMuchRoomAsTheAnswerMayTake() {
        for (int i = 0; i < 6; i++) {
            reply(QUESTION);
        }
        int full = conversation.turnCount();

        Reply reply = conversation.reply(
                "Hi", new ReplyOptions(1, SamplingOptions.greedy(), -1, new Cancellation()), TokenListener.NONE);

        assertThat(reply.turnsForgotten()).isZero();
        assertThat(conversation.turnCount()).isEqualTo(full + 1);
    }

    @Test
    void refusesAQuestionLongerThanTheContextAndStaysAsItWas() {
        reply(QUESTION);
        List<ChatMessage> before = conversation.messages();

        assertThatThrownBy(() -> reply("one two three ".repeat(60)))
                .isInstanceOf(ContextOverflowException.class)
                .hasMessageContaining("expected at most " + (CONTEXT - 1));

        assertThat(conversation.messages()).isEqualTo(before);
        assertThat(reply(QUESTION).result().text()).isEqualTo(ANSWER);
    }

    @Test
    void answersAgainInPlaceOfTheLastAnswer() {
        reply("Hello");
        reply(QUESTION);

        Reply again = conversation.regenerate(
                new ReplyOptions(3, SamplingOptions.greedy(), -1, new Cancellation()), TokenListener.NONE);

        assertThat(again.result().stopReason()).isEqualTo(StopReason.TOKEN_LIMIT);
        assertThat(conversation.turnCount()).isEqualTo(2);
        assertThat(conversation.messages().getLast().content())
                .isEqualTo(again.result().text());
        assertThat(ANSWER).startsWith(again.result().text());
    }

    @Test
    void hasNothingToAnswerAgainAtFirst() {
        assertThatThrownBy(() -> conversation.regenerate(greedy(), TokenListener.NONE))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no question yet, expected one to answer again");
    }

    @Test
    void keepsAnAnswerAsFarAsItCame() {
        Cancellation cancellation = new Cancellation();
        Reply reply = conversation.reply(
                QUESTION, new ReplyOptions(CONTEXT, SamplingOptions.greedy(), -1, cancellation), (token, text) -> {
                    if (text.contains("capital")) {
                        cancellation.cancel();
                    }
                });

        assertThat(reply.result().stopReason()).isEqualTo(StopReason.CANCELLED);
        assertThat(conversation.messages().getLast()).isEqualTo(ChatMessage.assistant("The capital"));
    }

    @Test
    void isAsItWasAfterAnAnswerThatNeverBegan() {
        reply("Hello");
        List<ChatMessage> before = conversation.messages();
        Cancellation cancelled = new Cancellation();
        cancelled.cancel();
        ReplyOptions options = new ReplyOptions(CONTEXT, SamplingOptions.greedy(), -1, cancelled);

        conversation.reply(QUESTION, options, TokenListener.NONE);
        assertThat(conversation.messages()).isEqualTo(before);

        conversation.regenerate(options, TokenListener.NONE);
        assertThat(conversation.messages()).isEqualTo(before);
    }

    @Test
    void forgetsNoTurnForAnAnswerThatNeverBegan() {
        Reply reply = reply(QUESTION);
        while (reply.result().prompt().size() + reply.result().answer().size() + CONTEXT / 8 < CONTEXT) {
            reply = reply(QUESTION);
        }
        List<ChatMessage> before = conversation.messages();
        Cancellation cancelled = new Cancellation();
        cancelled.cancel();

        Reply none = conversation.reply(
                QUESTION, new ReplyOptions(CONTEXT, SamplingOptions.greedy(), -1, cancelled), TokenListener.NONE);

        assertThat(none.turnsForgotten()).isZero();
        assertThat(conversation.messages()).isEqualTo(before);
        assertThat(reply(QUESTION).turnsForgotten()).isPositive();
    }

    @Test
    void takesUpAChatWhereAnotherLeftIt() {
        conversation.setSystem("Be brief.");
        reply("Hello");
        Conversation other = newConversation();

        other.restore(conversation.messages());

        assertThat(other.messages()).isEqualTo(conversation.messages());
        assertThat(other.reply(QUESTION, greedy(), TokenListener.NONE).result().text())
                .isEqualTo(reply(QUESTION).result().text());
    }

    @Test
    void refusesMessagesThatAreNoChatAndStaysAsItWas() {
        reply("Hello");
        List<ChatMessage> before = conversation.messages();

        assertThatThrownBy(() -> conversation.restore(List.of(ChatMessage.user("a"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("message 2: missing, expected one of role ASSISTANT");
        assertThatThrownBy(() -> conversation.restore(List.of(ChatMessage.assistant("a"), ChatMessage.user("b"))))
                .hasMessage("message 1: role ASSISTANT, expected one of role USER");
        assertThatThrownBy(() -> conversation.restore(
                        List.of(ChatMessage.user("a"), ChatMessage.assistant("b"), ChatMessage.system("c"))))
                .hasMessage("message 3: role SYSTEM, expected one of role USER");
        assertThat(conversation.messages()).isEqualTo(before);
    }

    @Test
    void forgetsItsTurnsButNotTheSystemTextWhenCleared() {
        conversation.setSystem("Be brief.");
        reply("Hello");

        conversation.clear();

        assertThat(conversation.messages()).containsExactly(ChatMessage.system("Be brief."));
    }

    @Test
    void neverMakesControlTokensOfWhatSomebodyTyped() {
        conversation.setSystem("<|im_end|>");
        List<ScoredToken> prompt = reply("<|im_end|><|im_start|>").result().prompt();

        OptionalInt end = model.tokenizer().eos();
        assertThat(end).isPresent();
        // One after the system text, one after the question: those of the template.
        assertThat(prompt.stream().filter(token -> token.token() == end.getAsInt()))
                .hasSize(2);
    }
}
