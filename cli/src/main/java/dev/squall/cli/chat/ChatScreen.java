package dev.squall.cli.chat;

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
import dev.squall.cli.terminal.TerminalText;
import dev.squall.compute.DeviceException;
import dev.squall.expert.ExpertLoadException;
import dev.squall.generate.ContextOverflowException;
import dev.squall.generate.Conversation;
import dev.squall.generate.GenerationResult;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.StopReason;
import dev.squall.predict.PredictionException;
import dev.squall.sampling.SamplingOptions;
import dev.squall.tokenizer.ChatTemplateException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/** The chat at a terminal: reads messages and slash commands, and does what they say. Runs on one thread. */
final class ChatScreen {
    /** Tells with stack traces, at a person's terminal, that it does not know that terminal, and goes on well enough. */
    private static final Logger JLINE = Logger.getLogger("org.jline");

    private static final int HELP_INDENT = 19;

    private final LanguageModel model;
    private final Conversation conversation;
    private final ChatSettings settings;
    private final ChatTotals totals = new ChatTotals();
    private final ChatDisplay display;
    private final LiveAnswers answers;
    private final ModelOverview overview;
    private final Environment environment;
    private final ExpertUse use;
    private final AnswerMatches matches;
    private String pendingText = "";
    private long lastSeed;
    private int attempts;
    private int contextTokens;

    /** @param leaveInterrupted called on a signal's thread when an answer is interrupted for the second time */
    ChatScreen(
            LanguageModel model,
            Conversation conversation,
            ChatSettings settings,
            ChatDisplay display,
            Environment environment,
            Runnable leaveInterrupted) {
        this.model = model;
        this.conversation = conversation;
        this.settings = settings;
        this.display = display;
        this.environment = environment;
        lastSeed = settings.sampling().seed();
        answers = new LiveAnswers(model, display, leaveInterrupted);
        overview = new ModelOverview(model);
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
                            new ChatDisplay(
                                    terminal,
                                    streams.err(),
                                    color.palette(streams.outTerminal(), environment),
                                    color.palette(streams.errTerminal(), environment)),
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
        LineReader reader =
                ChatLineReader.open(display.terminal(), environment, note -> display.note("squall: " + note));
        display.say(banner());
        while (true) {
            String line;
            try {
                line = reader.readLine(display.palette().accent("> "));
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
        return display.palette().bold("squall") + " "
                + display.palette()
                        .dim(display.wrapped(
                                "%s | %s | %s | %s | context %d | /help"
                                        .formatted(
                                                Version.number(),
                                                overview.name(),
                                                overview.experts(),
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
            display.warn(e.getMessage() + "; what follows is neither predicted nor recorded");
        } catch (CommandFailure
                | ContextOverflowException
                | ChatTemplateException
                | DeviceException
                | ExpertLoadException
                | IOException
                | InvalidPathException e) {
            display.warn(Failures.describe(e));
        }
        return true;
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
            case INDEX -> matches.lines(display.width()).forEach(display::say);
            case EXPERTS -> use.lines(display.width()).forEach(display::say);
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
                    display.note("what /read took is there for your next message");
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
            display.note("temp is 0, so the answer is always the same: /set temp 0.7 for others");
        }
    }

    /** Has an answer made and shown. False if that was nothing. */
    private boolean show(SamplingOptions sampling, LiveAnswers.Answering answering) {
        use.begin();
        GenerationResult result = answers.show(sampling, settings.tokensMax(), answering);
        lastSeed = sampling.seed();
        totals.add(result.metrics());
        boolean began =
                result.stopReason() != StopReason.CANCELLED || !result.answer().isEmpty();
        if (began) {
            contextTokens = result.prompt().size() + result.answer().size();
        }
        return began;
    }

    private void help() {
        for (SlashCommand command : SlashCommand.values()) {
            display.say("%-18s %s"
                    .formatted(
                            command.typed() + " " + command.argument(),
                            display.palette().dim(display.wrapped(command.purpose(), HELP_INDENT))));
        }
        display.say("");
        display.say(display.palette()
                .dim(display.wrapped(
                        "Between \"\"\" marks a message may have several lines. Ctrl-C stops an answer; a second one, or one at an "
                                + "empty prompt, leaves.",
                        0)));
    }

    private void clear() {
        conversation.clear();
        pendingText = "";
        attempts = 0;
        contextTokens = 0;
        display.note("the chat is forgotten");
    }

    private void system(String text) {
        if (text.isEmpty()) {
            String system = conversation.system();
            display.say(system == null ? display.palette().dim("no system message") : TerminalText.printable(system));
            return;
        }
        boolean remove = text.equals("\"\"");
        conversation.setSystem(remove ? null : text);
        display.note(
                remove ? "no system message from the next answer on" : "system message set, from the next answer on");
    }

    private void set(String argument) {
        String[] words = argument.strip().split("[\\s=]+", -1);
        if (words.length != 2) {
            throw new CommandFailure("/set needs a name and a value, as in /set temp 0.5; the names are "
                    + String.join(", ", ChatSettings.NAMES));
        }
        String name = words[0].replace('_', '-').toLowerCase(Locale.ROOT);
        settings.set(name, words[1]);
        display.note(name + " is " + settings.show(name));
    }

    private void show() {
        display.field(
                "model",
                overview.name() + " (" + model.hyperparameters().architecture().name() + ", " + overview.experts()
                        + ")");
        display.field("file", model.file().paths().getFirst().toString());
        display.field("computes on", model.backendDescription());
        display.field("experts", overview.expertsInMemory());
        display.field("context", "%d of %d tokens".formatted(contextTokens, model.contextTokensMax()));
        String system = conversation.system();
        display.field("system", system == null ? "none" : Failures.oneLine(system));
        for (String name : ChatSettings.NAMES) {
            display.field(name, settings.show(name));
        }
    }

    private void stats() {
        totals.lines(display.width()).forEach(display::say);
        display.say("context: %d of %d tokens".formatted(contextTokens, model.contextTokensMax()));
    }

    private void read(Path file) throws IOException {
        String text = TextInput.read(file);
        if (text.isBlank()) {
            throw new CommandFailure(file + " holds no text");
        }
        pendingText = pendingText.isEmpty() ? text : pendingText + "\n\n" + text;
        long lines = text.lines().count();
        display.note("read %s: %d %s, %s, for your next message"
                .formatted(
                        file,
                        lines,
                        lines == 1 ? "line" : "lines",
                        Statistics.tokens(model.tokenizer().encode(text).length)));
    }

    private void save(Path file) throws IOException {
        new ConversationFile(overview.name(), lastSeed, conversation.messages()).write(file);
        display.note("saved %s to %s".formatted(turns(), file));
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
        display.note("loaded %s from %s, seed of the last answer %d%s"
                .formatted(
                        turns(),
                        file,
                        saved.seed(),
                        saved.model().equals(overview.name()) ? "" : "; it was answered by " + saved.model()));
    }

    private String turns() {
        int turns = conversation.turnCount();
        return turns == 1 ? "1 turn" : turns + " turns";
    }
}
