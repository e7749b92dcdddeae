package dev.squall.cli.chat;

import dev.squall.cli.answer.AnswerListener;
import dev.squall.cli.answer.ExpertUse;
import dev.squall.cli.answer.Statistics;
import dev.squall.cli.answer.Templates;
import dev.squall.cli.file.TextInput;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Failures;
import dev.squall.cli.process.Home;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.ColorChoice;
import dev.squall.cli.terminal.Palette;
import dev.squall.cli.terminal.TerminalText;
import dev.squall.cli.terminal.WrappedText;
import dev.squall.compute.DeviceException;
import dev.squall.expert.ExpertLoadException;
import dev.squall.generate.Cancellation;
import dev.squall.generate.ContextOverflowException;
import dev.squall.generate.Conversation;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.StopReason;
import dev.squall.generate.TokenListener;
import dev.squall.predict.PredictionException;
import dev.squall.sampling.SamplingOptions;
import dev.squall.tokenizer.ChatTemplateException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/**
 * The chat at a terminal: reads messages and slash commands, shows answers as they are made. Answers go to the terminal,
 * notes and statistics to standard error. Runs on one thread; an interrupt arrives on another and touches only the
 * cancellation.
 */
final class ChatScreen {
    /** Tells with stack traces, at a person's terminal, that it does not know that terminal, and goes on well enough. */
    private static final Logger JLINE = Logger.getLogger("org.jline");

    private static final int HELP_INDENT = 19;
    private static final int FIELD_INDENT = 15;

    /** Has the conversation make an answer, the first or another one. */
    @FunctionalInterface
    private interface Answering {
        Conversation.Reply answer(Conversation.ReplyOptions options, TokenListener listener);
    }

    private final LanguageModel model;
    private final Conversation conversation;
    private final ChatSettings settings;
    private final ChatTotals totals = new ChatTotals();
    private final Terminal terminal;
    private final PrintStream notes;
    private final Palette palette;
    private final Palette notesPalette;
    private final Environment environment;
    private final Runnable leaveInterrupted;
    private final ExpertUse use;
    private final AnswerMatches matches;
    private String pendingText = "";
    private long lastSeed;
    private int attempts;
    private int contextTokens;

    /**
     * @param notes where statistics and errors go
     * @param leaveInterrupted called on a signal's thread when an answer is interrupted for the second time
     */
    ChatScreen(
            LanguageModel model,
            Conversation conversation,
            ChatSettings settings,
            Terminal terminal,
            PrintStream notes,
            Palette palette,
            Palette notesPalette,
            Environment environment,
            Runnable leaveInterrupted) {
        this.model = model;
        this.conversation = conversation;
        this.settings = settings;
        this.terminal = terminal;
        this.notes = notes;
        this.palette = palette;
        this.notesPalette = notesPalette;
        this.environment = environment;
        this.leaveInterrupted = leaveInterrupted;
        this.lastSeed = settings.sampling().seed();
        use = new ExpertUse(model);
        matches = new AnswerMatches(model);
    }

    /** Opens the process's terminal, chats, and returns the exit code. */
    static int open(
            LanguageModel model,
            ChatSettings settings,
            @Nullable String system,
            Streams streams,
            Environment environment,
            ColorChoice color)
            throws IOException {
        JLINE.setLevel(Level.OFF);
        try (Session session = model.newSession();
                Terminal terminal = TerminalBuilder.builder()
                        .system(true)
                        .encoding(StandardCharsets.UTF_8)
                        .build()) {
            Conversation conversation = new Conversation(session, model.tokenizer(), Templates.of(model));
            conversation.setSystem(system);
            return new ChatScreen(
                            model,
                            conversation,
                            settings,
                            terminal,
                            streams.err(),
                            color.palette(streams.outTerminal(), environment),
                            color.palette(streams.errTerminal(), environment),
                            environment,
                            () -> ExitCode.leave(ExitCode.INTERRUPTED))
                    .run();
        }
    }

    /** Chats until the user leaves. */
    int run() {
        model.addObserver(use);
        model.addObserver(matches);
        try {
            return readLines();
        } finally {
            model.removeObserver(matches);
            model.removeObserver(use);
        }
    }

    private int readLines() {
        LineReader reader = ChatLineReader.open(terminal, environment, note -> note("squall: " + note));
        say(banner());
        while (true) {
            String line;
            try {
                line = reader.readLine(palette.accent("> "));
            } catch (UserInterruptException e) {
                if (e.getPartialLine().isBlank()) {
                    return ExitCode.INTERRUPTED;
                }
                continue;
            } catch (EndOfFileException e) {
                return ExitCode.FINE;
            }
            if (!obey(line)) {
                return ExitCode.FINE;
            }
        }
    }

    private String banner() {
        return palette.bold("squall") + " "
                + palette.dim(wrapped(
                        "%s | %s | %s | %s | context %d | /help"
                                .formatted(
                                        Version.number(),
                                        modelName(),
                                        experts(),
                                        model.threads() == 1 ? "1 thread" : model.threads() + " threads",
                                        model.contextTokensMax()),
                        "squall ".length()));
    }

    /** Does what a line says; false to leave. What goes wrong is told, and the chat goes on. */
    private boolean obey(String line) {
        try {
            String command = ChatLineParser.command(line);
            String argument = ChatLineParser.argument(line);
            if (!command.isEmpty()) {
                SlashCommand known = SlashCommand.of(command)
                        .orElseThrow(() -> new CommandFailure(
                                "no command " + command + ": /help lists them; a message may begin with a space"));
                return obey(known, argument);
            }
            if (!argument.isBlank()) {
                answer(argument);
            }
        } catch (PredictionException e) {
            warn(e.getMessage() + "; what follows is neither predicted nor recorded");
        } catch (CommandFailure
                | ContextOverflowException
                | ChatTemplateException
                | DeviceException
                | ExpertLoadException
                | IOException
                | InvalidPathException e) {
            warn(Failures.describe(e));
        }
        return true;
    }

    private void warn(String error) {
        notes.println(notesPalette.error(wrapped("squall: " + TerminalText.line(error), 0)));
    }

    private boolean obey(SlashCommand command, String argument) throws IOException {
        if (command.argument().isEmpty() && !argument.isEmpty()) {
            throw new CommandFailure(
                    command.typed() + " takes nothing after it, but got '" + Failures.oneLine(argument) + "'");
        }
        if (command.takesFile() && argument.isEmpty()) {
            throw new CommandFailure(command.typed() + " needs a file name: " + command.typed() + " FILE");
        }
        switch (command) {
            case HELP -> help();
            case CLEAR -> clear();
            case REGEN -> regenerate();
            case SYSTEM -> system(argument);
            case SET -> set(argument);
            case SHOW -> show();
            case STATS -> stats();
            case INDEX -> matches.lines(terminal.getWidth()).forEach(this::say);
            case EXPERTS -> use.lines(terminal.getWidth()).forEach(this::say);
            case READ -> read(Home.expand(argument, environment));
            case SAVE -> save(Home.expand(argument, environment));
            case LOAD -> load(Home.expand(argument, environment));
            case EXIT -> {
                return false;
            }
        }
        return true;
    }

    private void answer(String message) {
        String question = pendingText.isEmpty() ? message : pendingText + "\n\n" + message;
        try {
            if (!show(settings.nextAnswer(), (options, listener) -> conversation.reply(question, options, listener))) {
                if (!pendingText.isEmpty()) {
                    note("what /read took is there for your next message");
                }
                return;
            }
        } catch (ContextOverflowException e) {
            if (pendingText.isEmpty()) {
                throw e;
            }
            pendingText = "";
            throw new CommandFailure(e.getMessage() + "; what /read took is dropped", e);
        }
        pendingText = "";
        attempts = 0;
    }

    private void regenerate() {
        if (conversation.turnCount() == 0) {
            throw new CommandFailure("no message yet that could be answered again");
        }
        SamplingOptions another = settings.nextAttempt(++attempts);
        if (another.seed() == lastSeed) { // of a chat that was loaded
            another = settings.nextAttempt(++attempts);
        }
        show(another, conversation::regenerate);
        if (settings.sampling().temperature() == 0) {
            note("temp is 0, so the answer is always the same: /set temp 0.7 for others");
        }
    }

    /** Has an answer made and shown. An interrupt stops it; what was said is kept. False if that was nothing. */
    private boolean show(SamplingOptions sampling, Answering answering) {
        int tokensMax = settings.tokensMax() == -1 ? model.contextTokensMax() : settings.tokensMax();
        Cancellation cancellation = new Cancellation();
        Conversation.ReplyOptions options = new Conversation.ReplyOptions(tokensMax, sampling, -1, cancellation);
        PrintWriter writer = terminal.writer();
        AnswerListener listener = new AnswerListener(
                text -> {
                    writer.print(TerminalText.printable(text));
                    writer.flush();
                },
                notesPalette.colour() ? notes : null);
        Terminal.SignalHandler earlier = terminal.handle(Terminal.Signal.INT, signal -> interrupt(cancellation));
        Attributes attributes = withoutEcho();
        Conversation.Reply reply;
        use.begin();
        try {
            reply = answering.answer(options, listener);
        } catch (DeviceException | ExpertLoadException | PredictionException e) {
            if (listener.charactersHeard() > 0) {
                say("");
            }
            throw e;
        } finally {
            listener.end();
            terminal.setAttributes(attributes);
            terminal.handle(Terminal.Signal.INT, earlier);
        }
        lastSeed = sampling.seed();
        totals.add(reply.result().metrics());
        boolean began = reply.result().stopReason() != StopReason.CANCELLED
                || !reply.result().answer().isEmpty();
        if (began) {
            contextTokens =
                    reply.result().prompt().size() + reply.result().answer().size();
        }
        String text = reply.result().text();
        writer.print(TerminalText.printable(text.substring(listener.charactersHeard())));
        if (!text.isEmpty() && !text.endsWith("\n")) {
            say("");
        }
        if (reply.turnsForgotten() > 0) {
            note("squall: the chat outgrew the context of %d tokens: forgot the oldest %s"
                    .formatted(
                            model.contextTokensMax(),
                            reply.turnsForgotten() == 1 ? "turn" : reply.turnsForgotten() + " turns"));
        }
        note(Statistics.line(reply.result(), sampling.seed()));
        return began;
    }

    private void interrupt(Cancellation cancellation) {
        if (cancellation.isCancelled()) {
            say("");
            leaveInterrupted.run();
        }
        cancellation.cancel();
    }

    /** Keys pressed during an answer must not appear in the midst of it; they are there for the next line. */
    private Attributes withoutEcho() {
        Attributes attributes = terminal.getAttributes();
        Attributes quiet = new Attributes(attributes);
        quiet.setLocalFlag(Attributes.LocalFlag.ECHO, false);
        terminal.setAttributes(quiet);
        return attributes;
    }

    private void help() {
        for (SlashCommand command : SlashCommand.values()) {
            say("%-18s %s"
                    .formatted(
                            command.typed() + " " + command.argument(),
                            palette.dim(wrapped(command.purpose(), HELP_INDENT))));
        }
        say("");
        say(palette.dim(wrapped(
                "Between \"\"\" marks a message may have several lines. Ctrl-C stops an answer; a second one, or one at an "
                        + "empty prompt, leaves.",
                0)));
    }

    private void clear() {
        conversation.clear();
        pendingText = "";
        attempts = 0;
        contextTokens = 0;
        note("the chat is forgotten");
    }

    private void system(String text) {
        if (text.isEmpty()) {
            String system = conversation.system();
            say(system == null ? palette.dim("no system message") : TerminalText.printable(system));
            return;
        }
        boolean remove = text.equals("\"\"");
        conversation.setSystem(remove ? null : text);
        note(remove ? "no system message from the next answer on" : "system message set, from the next answer on");
    }

    private void set(String argument) {
        String[] words = argument.strip().split("[\\s=]+", -1);
        if (words.length != 2) {
            throw new CommandFailure("/set needs a name and a value, as in /set temp 0.5; the names are "
                    + String.join(", ", ChatSettings.NAMES));
        }
        String name = words[0].replace('_', '-').toLowerCase(Locale.ROOT);
        settings.set(name, words[1]);
        note(name + " is " + settings.show(name));
    }

    private void show() {
        say(field(
                "model",
                modelName() + " (" + model.hyperparameters().architecture().name() + ", " + experts() + ")"));
        say(field("file", model.file().paths().getFirst().toString()));
        say(field("computes on", model.backendDescription()));
        say(field("experts", expertsInMemory()));
        say(field("context", "%d of %d tokens".formatted(contextTokens, model.contextTokensMax())));
        String system = conversation.system();
        say(field("system", system == null ? "none" : Failures.oneLine(system)));
        for (String name : ChatSettings.NAMES) {
            say(field(name, settings.show(name)));
        }
    }

    private void stats() {
        totals.lines(terminal.getWidth()).forEach(this::say);
        say("context: %d of %d tokens".formatted(contextTokens, model.contextTokensMax()));
    }

    private void read(Path file) throws IOException {
        String text = TextInput.read(file);
        if (text.isBlank()) {
            throw new CommandFailure(file + " holds no text");
        }
        pendingText = pendingText.isEmpty() ? text : pendingText + "\n\n" + text;
        long lines = text.lines().count();
        note("read %s: %d %s, %s, for your next message"
                .formatted(
                        file,
                        lines,
                        lines == 1 ? "line" : "lines",
                        Statistics.tokens(model.tokenizer().encode(text).length)));
    }

    private void save(Path file) throws IOException {
        new ConversationFile(modelName(), lastSeed, conversation.messages()).write(file);
        note("saved %s to %s".formatted(turns(), file));
    }

    private void load(Path file) throws IOException {
        ConversationFile saved = ConversationFile.read(file);
        try {
            conversation.restore(saved.messages());
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(file + ": " + e.getMessage(), e);
        }
        pendingText = "";
        attempts = 0;
        lastSeed = saved.seed();
        contextTokens = 0;
        note("loaded %s from %s, seed of the last answer %d%s"
                .formatted(
                        turns(),
                        file,
                        saved.seed(),
                        saved.model().equals(modelName()) ? "" : "; it was answered by " + saved.model()));
    }

    private String turns() {
        int turns = conversation.turnCount();
        return turns == 1 ? "1 turn" : turns + " turns";
    }

    private String modelName() {
        String name =
                TerminalText.line(model.file().paths().getFirst().getFileName().toString());
        return name.endsWith(".gguf") ? name.substring(0, name.length() - ".gguf".length()) : name;
    }

    private String expertsInMemory() {
        int all = model.hyperparameters().expertLayerCount()
                * model.hyperparameters().expertCount();
        return model.policy().isEmpty()
                ? "all, where they lie in the mapped file"
                : "at most %d of %d in memory, policy %s"
                        .formatted(
                                model.expertSlots().orElse(all),
                                all,
                                model.policy().get());
    }

    private String experts() {
        return "%d layers of %d experts, %d used"
                .formatted(
                        model.hyperparameters().blockCount(),
                        model.hyperparameters().expertCount(),
                        model.hyperparameters().expertUsedCount());
    }

    private String field(String name, String value) {
        return palette.dim("%-15s".formatted(name)) + wrapped(TerminalText.line(value), FIELD_INDENT);
    }

    private String wrapped(String text, int indent) {
        return WrappedText.of(text, terminal.getWidth(), indent);
    }

    private void say(String line) {
        terminal.writer().println(line);
        terminal.writer().flush();
    }

    private void note(String line) {
        notes.println(notesPalette.dim(wrapped(TerminalText.line(line), 0)));
    }
}
