package dev.squall.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.cli.answer.Templates;
import dev.squall.cli.loading.DemoModel;
import dev.squall.cli.process.Environment;
import dev.squall.cli.terminal.Palette;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.generate.Conversation;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.predict.ExactMapStore;
import dev.squall.predict.ExpertMapStore;
import dev.squall.predict.MapShape;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.routing.RoutingObserver;
import dev.squall.sampling.SamplingOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.DumbTerminal;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The chat with the demo model, at a terminal whose keys are given beforehand and whose interrupts are raised. */
class ChatScreenTest {
    private static final String QUESTION = "What is the capital of France?";
    private static final String ANSWER = "The capital of France is Paris.";

    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private static LanguageModel model;

    @TempDir
    Path home;

    /** How a chat ended and what it showed: the terminal's part and that of standard error. */
    private record Chat(int exitCode, String screen, String notes) {}

    @BeforeAll
    static void loadModel() throws IOException {
        model = LanguageModel.builder(DemoModel.locate(Path.of("target"), System.err))
                .contextTokens(160)
                .load();
    }

    @AfterAll
    static void closeModel() {
        model.close();
    }

    @Test
    void answersAndLeavesAtTheEndOfInput() throws IOException {
        Chat chat = chat(QUESTION + "\n");

        assertThat(chat.screen())
                .contains("demo-moe-q8_0", "8 layers of 16 experts, 2 used", "context 160", "/help")
                .contains(ANSWER + "\n");
        assertThat(chat.notes()).matches("(?s)prompt \\d+ tokens .* \\| answer \\d+ tokens .* \\| seed 3\n");
        assertThat(chat.exitCode()).isZero();
    }

    @Test
    void remembersTheTurnsBefore() throws IOException {
        Chat chat = chat(QUESTION + "\nHello\n/stats\n");

        assertThat(chat.notes()).contains(" cached)");
        assertThat(chat.screen()).contains("answers: 2,").containsPattern("\n {5}2 +\\d+ +\\d+ +\\d+ .* ms +- +- +-");
    }

    @Test
    void showsWhichExpertsTheLastAnswerUsed() throws IOException {
        Chat chat = chat("/experts\n/index\n" + QUESTION + "\n/experts\n");

        assertThat(chat.screen())
                .contains("no maps are kept")
                .contains("no answer yet that used experts")
                .containsPattern("used each expert \\(\\d+ uses\\); all are in memory")
                .containsPattern("\n {3}7 \\|[ .:=+*#%@-]{16}\\|\\R {6}0 {7}8\\R")
                .containsPattern("shades from \"\\.\" to \"@\", each a tenth of the most, \\d+ uses; a row a layer")
                .contains("@");
    }

    @Test
    void understandsCommandsOfOtherChats() throws IOException {
        Chat chat = chat("/?\n/regenerate\n/reg\n");

        assertThat(chat.screen()).contains("/regen             answer the last message again");
        assertThat(chat.notes())
                .contains("squall: no message yet that could be answered again\n")
                .contains("squall: no command /reg: /help lists them");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/exit", "/bye", "/quit"})
    void leavesOnExit(String exit) throws IOException {
        Chat chat = chat(exit + "\n" + QUESTION + "\n");

        assertThat(chat.exitCode()).isZero();
        assertThat(chat.screen()).doesNotContain(ANSWER);
    }

    @Test
    void leavesWith130OnAnInterruptAtAnEmptyPrompt() throws IOException {
        Chat chat = chat(person -> {
            person.awaitScreen("> ");
            person.interrupt();
            person.stayUntilTheChatEnds();
        });

        assertThat(chat.exitCode()).isEqualTo(130);
    }

    @Test
    void dropsOnlyTheLineOnAnInterruptWithinOne() throws IOException {
        Chat chat = chat(person -> {
            person.type("some text");
            person.awaitKeysRead();
            person.interrupt();
            person.awaitScreen("> > ");
            person.type(QUESTION + "\n");
        });

        assertThat(chat.screen()).contains(ANSWER);
        assertThat(chat.exitCode()).isZero();
    }

    @Test
    void stopsAnAnswerOnAnInterruptAndKeepsWhatWasSaid() throws IOException {
        Path saved = home.resolve("chat.json");
        AtomicBoolean left = new AtomicBoolean();

        Chat chat = chat(
                person -> person.type("Tell me a story about a fox named Mia.\n/save " + saved + "\n"),
                new Screen(1, "upon a time"),
                () -> left.set(true));

        assertThat(chat.notes()).contains("stopped by you").contains("saved 1 turn");
        ConversationFile file = ConversationFile.read(saved);
        assertThat(file.messages().getLast().content())
                .startsWith("Once upon a time")
                .hasSizeLessThan(60);
        assertThat(left).isFalse();
        assertThat(chat.exitCode()).isZero();
    }

    @Test
    void leavesOnASecondInterruptOfAnAnswer() throws IOException {
        AtomicBoolean left = new AtomicBoolean();

        chat(
                person -> person.type("Tell me a story about a fox named Mia.\n"),
                new Screen(2, "upon a time"),
                () -> left.set(true));

        assertThat(left).isTrue();
    }

    @Test
    void takesLinesBetweenMarksAsOneMessage() throws IOException {
        Path saved = home.resolve("chat.json");

        chat("\"\"\"How much is\n5 plus 11?\n\"\"\"\n/save " + saved + "\n");

        assertThat(ConversationFile.read(saved).messages().getFirst().content()).isEqualTo("How much is\n5 plus 11?");
    }

    @Test
    void savesClearsAndTakesUpAChat() throws IOException {
        Path saved = home.resolve("chat.json");

        Chat chat = chat("/system Be brief.\n" + QUESTION + "\n/save " + saved + "\n/clear\n/regen\n/load " + saved
                + "\n/regen\n/system\n");

        assertThat(chat.notes())
                .contains("the chat is forgotten")
                .contains("squall: no message yet that could be answered again")
                .contains("loaded 1 turn from " + saved)
                .contains("temp is 0, so the answer is always the same");
        assertThat(chat.screen().split(Pattern.quote(ANSWER), -1)).hasSizeGreaterThanOrEqualTo(3);
        assertThat(chat.screen()).contains("Be brief.\n");
    }

    @Test
    void keepsWhatReadTookForTheNextMessageWhereAnAnswerIsInterruptedBeforeItBegins() throws IOException {
        Path text = Files.writeString(home.resolve("text"), "What is the capital\n");
        Path saved = home.resolve("chat.json");
        Screen screen = new Screen(0, "");
        AtomicBoolean interrupted = new AtomicBoolean();
        RoutingObserver interrupting = routing -> {
            if (!interrupted.getAndSet(true)) {
                Objects.requireNonNull(screen.terminal).raise(Terminal.Signal.INT);
            }
        };
        model.addObserver(interrupting);

        Chat chat = chat(
                person -> person.type("/read " + text + "\nof Cuba?\nof France?\n/save " + saved + "\n/stats\n"),
                screen,
                () -> {});
        model.removeObserver(interrupting);

        assertThat(chat.notes()).contains("stopped by you", "what /read took is there for your next message");
        assertThat(ConversationFile.read(saved).messages()).hasSize(2);
        assertThat(ConversationFile.read(saved).messages().getFirst().content())
                .isEqualTo("What is the capital\n\nof France?");
        assertThat(chat.screen()).containsPattern("\n {5}1 .* - +- +- +-\n").contains("answers: 2, first token after");
    }

    @Test
    void putsAFileInFrontOfTheNextMessage() throws IOException {
        Path text = Files.writeString(home.resolve("a text.txt"), "What is the capital\n");
        Path saved = home.resolve("chat.json");

        Chat chat = chat("/read " + text + "\nof France?\nHello\n/save " + saved + "\n");

        assertThat(chat.notes()).contains("read " + text + ": 1 line, ");
        assertThat(ConversationFile.read(saved).messages().get(0).content())
                .isEqualTo("What is the capital\n\nof France?");
        assertThat(ConversationFile.read(saved).messages().get(2).content()).isEqualTo("Hello");
    }

    @Test
    void takesTheNextSeedForAnotherTryAtTheSameAnswerAlsoOfALoadedChat() throws IOException {
        Path saved = home.resolve("chat.json");
        String again = "/regen\n/save " + saved + "\n/load " + saved + "\n/regen\n";
        Chat chat = chat("/set seed 40\n/set temp 3\n/set predict 3\nHello\n" + again + "Hello\n");

        assertThat(chat.notes()).containsSubsequence("seed 40\n", "seed 41\n", "seed 42\n", "seed 40\n");
    }

    @Test
    void changesOptionsOnlyToWhatTheyMayBe() throws IOException {
        Chat chat = chat("/set temp 0.5\n/set top_k=5\n/set top-p 7\n/set temp\n/set warmth 1\n/set seed x\n/show\n");

        assertThat(chat.notes())
                .contains("temp is 0.5\n", "top-k is 5\n")
                .contains("squall: top-p=7.0, expected above 0 and at most 1 (off)\n")
                .contains("squall: /set needs a name and a value, as in /set temp 0.5")
                .contains("squall: no option 'warmth', expected one of temp, top-k")
                .contains("squall: seed: 'x', expected a number\n");
        assertThat(chat.screen()).contains("temp           0.5\n", "top-k          5\n", "top-p          0.95\n");
    }

    @Test
    void saysWhatItDoesNotUnderstandAndGoesOn() throws IOException {
        Path two = Files.writeString(home.resolve("two.json"), "{}\n{}\n");

        Chat chat = chat("/leave\n/clear all\n/read\n/read " + home.resolve("none") + "\n/load " + home + "\n/load "
                + two + "\n" + QUESTION + "\n");

        assertThat(chat.notes())
                .contains("squall: no command /leave: /help lists them")
                .contains("squall: /clear takes nothing after it, but got 'all'\n")
                .contains("squall: /read needs a file name: /read FILE\n")
                .contains("squall: file not found: " + home.resolve("none") + ": check the path\n")
                .contains("squall: " + home + ": a folder, expected a saved chat\n")
                .contains("squall: " + two + ": not JSON: more than one value\n");
        assertThat(chat.screen()).contains(ANSWER);
    }

    @Test
    void listsEveryCommand() throws IOException {
        Chat chat = chat("/help\n");

        for (SlashCommand command : SlashCommand.values()) {
            assertThat(chat.screen()).contains(command.typed());
        }
    }

    @Test
    void forgetsTheOldestTurnsWhenTheContextIsFullAndSaysSo() throws IOException {
        Chat chat = chat((QUESTION + "\n").repeat(8));

        assertThat(chat.notes())
                .contains("squall: the chat outgrew the context of 160 tokens: forgot the oldest turn\n");
        assertThat(chat.screen().split(Pattern.quote(ANSWER), -1)).hasSize(9);
    }

    @Test
    void refusesAMessageLongerThanTheContextAndGoesOn() throws IOException {
        Chat chat = chat("one two three ".repeat(60) + "\n" + QUESTION + "\n");

        assertThat(chat.notes()).containsPattern("squall: the prompt has \\d+ tokens, expected at most 159");
        assertThat(chat.screen()).contains(ANSWER);
    }

    @Test
    void dropsAFileThatIsTooLongForTheContext() throws IOException {
        Path text = Files.writeString(home.resolve("long.txt"), "one two three ".repeat(60));

        Chat chat = chat("/read " + text + "\nHello\n" + QUESTION + "\n");

        assertThat(chat.notes()).contains("; what /read took is dropped\n");
        assertThat(chat.screen()).contains(ANSWER);
    }

    @Test
    void keepsTheHistoryForItsOwnerOnly() throws IOException {
        chat(QUESTION + "\n");

        Path history = home.resolve(".squall/history");
        assertThat(Files.readString(history)).contains(QUESTION);
        assertThat(Files.getPosixFilePermissions(history)).hasSize(2);
    }

    @Test
    void chatsWithoutAHistoryWhereItCannotBeKept() throws IOException {
        Files.writeString(home.resolve(".squall"), "in the way");

        Chat chat = chat(QUESTION + "\n");

        assertThat(chat.notes()).startsWith("squall: the history is not kept: ");
        assertThat(chat.screen()).contains(ANSWER);
    }

    @Test
    void tellsOnceThatLearningFailedAndGoesOn() throws IOException {
        PolicyOptions failing = PolicyOptions.of(PolicyName.FINEMOE).withMaps((shape, fingerprint) -> fullStore(shape));
        try (LanguageModel learning = LanguageModel.builder(DemoModel.locate(Path.of("target"), System.err))
                .contextTokens(160)
                .expertCache(ExpertCacheOptions.ofShare(0.5, false))
                .policy(failing)
                .load()) {
            Chat chat = chat(
                    learning,
                    person -> person.type((QUESTION + "\n").repeat(3) + "/show\n"),
                    new Screen(0, ""),
                    () -> {});

            assertThat(chat.exitCode()).isZero();
            assertThat(chat.notes())
                    .containsOnlyOnce("squall: predicting experts failed: the disk is full; what follows is neither "
                            + "predicted nor recorded\n");
            assertThat(chat.screen()).contains("experts        at most 64 of 128 in memory, policy finemoe\n");
            assertThat(chat.screen().split(Pattern.quote(ANSWER), -1)).hasSizeGreaterThanOrEqualTo(3);
        }
    }

    /** A store of maps that takes none. */
    private static ExpertMapStore fullStore(MapShape shape) {
        ExpertMapStore empty = new ExactMapStore(shape, 10, 1);
        return (ExpertMapStore) Proxy.newProxyInstance(
                ExpertMapStore.class.getClassLoader(), new Class<?>[] {ExpertMapStore.class}, (self, method, given) -> {
                    if (method.getName().equals("offer")) {
                        throw new UncheckedIOException("the disk is full", new IOException());
                    }
                    return method.invoke(empty, given);
                });
    }

    /** Types keys, and leaves with the end of input. */
    private Chat chat(String keys) throws IOException {
        return chat(person -> person.type(keys));
    }

    private Chat chat(Consumer<Person> course) throws IOException {
        return chat(course, new Screen(0, ""), () -> {});
    }

    private Chat chat(Consumer<Person> course, Screen screen, Runnable leave) throws IOException {
        return chat(model, course, screen, leave);
    }

    private Chat chat(LanguageModel answering, Consumer<Person> course, Screen screen, Runnable leave)
            throws IOException {
        ByteArrayOutputStream notes = new ByteArrayOutputStream();
        PipedInputStream keys = new PipedInputStream(1 << 16);
        int exitCode;
        try (Terminal terminal = new DumbTerminal("test", "dumb", keys, screen, StandardCharsets.UTF_8);
                Session session = answering.newSession()) {
            screen.terminal = terminal;
            Person person = new Person(terminal, screen, keys, new PipedOutputStream(keys));
            Thread typing = Thread.ofVirtual().start(() -> person.follow(course));
            exitCode = new ChatScreen(
                            answering,
                            new Conversation(session, answering.tokenizer(), Templates.of(answering)),
                            new ChatSettings(new SamplingOptions(0, 40, 0.95f, 0.05f, 1, 64, 3), true, -1),
                            new ChatDisplay(
                                    terminal,
                                    new PrintStream(notes, true, StandardCharsets.UTF_8),
                                    new Palette(false),
                                    new Palette(false)),
                            new Environment(Map.of("HOME", home.toString())),
                            leave)
                    .run();
            typing.interrupt();
        }
        return new Chat(exitCode, screen.text(), notes.toString(StandardCharsets.UTF_8));
    }

    /** What the terminal shows. Raises interrupts as soon as it shows a text, before the next token is made. */
    private static final class Screen extends ByteArrayOutputStream {
        private final String interruptedAt;
        private int interrupts;
        private @Nullable Terminal terminal;

        Screen(int interrupts, String interruptedAt) {
            this.interrupts = interrupts;
            this.interruptedAt = interruptedAt;
        }

        String text() {
            return toString(StandardCharsets.UTF_8).replace("\r", "");
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) {
            super.write(bytes, offset, length);
            if (terminal != null && text().contains(interruptedAt)) {
                // Forgotten first: what an interrupt does may write again.
                int pending = interrupts;
                interrupts = 0;
                for (int i = 0; i < pending; i++) {
                    terminal.raise(Terminal.Signal.INT);
                }
            }
        }
    }

    /** Somebody at the keyboard, on a thread of their own. */
    private record Person(Terminal terminal, Screen screen, PipedInputStream keys, PipedOutputStream keyboard) {
        void follow(Consumer<Person> course) {
            course.accept(this);
            try {
                keyboard.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void type(String text) {
            try {
                keyboard.write(text.getBytes(StandardCharsets.UTF_8));
                keyboard.flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void interrupt() {
            terminal.raise(Terminal.Signal.INT);
        }

        /** Keeps the keyboard open: its end would be taken for the end of input before the interrupt is seen. */
        void stayUntilTheChatEnds() {
            long deadline = System.nanoTime() + PATIENCE_NANOS;
            while (!Thread.currentThread().isInterrupted() && System.nanoTime() < deadline) {
                LockSupport.parkNanos(1_000_000);
            }
        }

        void awaitScreen(String text) {
            await(() -> screen.text().contains(text));
        }

        void awaitKeysRead() {
            await(() -> {
                try {
                    return keys.available() == 0;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        private static void await(BooleanSupplier condition) {
            long deadline = System.nanoTime() + PATIENCE_NANOS;
            while (!condition.getAsBoolean()) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                LockSupport.parkNanos(1_000_000);
            }
        }
    }
}
