package dev.squall.cli;

import dev.squall.cli.batch.BatchCommand;
import dev.squall.cli.batch.BatchInput;
import dev.squall.cli.chat.ChatCommand;
import dev.squall.cli.doctor.DoctorCommand;
import dev.squall.cli.index.IndexCommand;
import dev.squall.cli.loading.Device;
import dev.squall.cli.loading.Kernels;
import dev.squall.cli.measure.PerplexityCommand;
import dev.squall.cli.measure.SimulateCommand;
import dev.squall.cli.models.ModelsCommand;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.EnvironmentDefaults;
import dev.squall.cli.option.UsageMessage;
import dev.squall.cli.option.Version;
import dev.squall.cli.option.Words;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Failures;
import dev.squall.cli.process.Streams;
import dev.squall.cli.process.VectorModule;
import dev.squall.cli.terminal.ColorChoice;
import dev.squall.cli.terminal.TerminalText;
import dev.squall.predict.PolicyName;
import dev.squall.predict.Pooling;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The {@code squall} command. */
@Command(
        name = "squall",
        versionProvider = Version.class,
        description = "Runs mixture-of-experts language models on the JVM.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Start with: squall chat",
            "Every option can also be set by an environment variable: SQUALL_ and its long name in capitals, so --top-k is "
                    + "SQUALL_TOP_K. The command line wins.",
            "Exit codes: 0 fine, 1 failed, 2 wrong usage, 130 interrupted."
        })
public final class Squall implements Runnable {
    private static final Set<String> VERSION = Set.of("-V", "--version");

    /** Tells of the other commands, so it is never alone. */
    private static final String HELP = "help";

    /** Written by the Java runtime where the locale's encoding has no character for a byte of an argument. */
    private static final char REPLACEMENT = '\uFFFD';

    /** The commands, in the order of the help. */
    private static final List<NamedCommand> COMMANDS = List.of(
            new NamedCommand("chat", ChatCommand::new),
            new NamedCommand("batch", BatchCommand::new),
            new NamedCommand("index", IndexCommand::commandLine),
            new NamedCommand("models", ModelsCommand::new),
            new NamedCommand("perplexity", PerplexityCommand::new),
            new NamedCommand("simulate", (streams, _) -> new SimulateCommand(streams)),
            new NamedCommand("doctor", DoctorCommand::new),
            new NamedCommand("completion", (streams, _) -> new CompletionCommand(streams)),
            new NamedCommand(HELP, (_, _) -> new HelpCommand()));

    /** Picocli reads the options of every command from it. */
    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    @Spec
    private @Nullable CommandSpec spec;

    private Squall() {}

    public static void main(String[] arguments) {
        VectorModule.load();
        ExitCode.leave(run(Streams.ofProcess(), Environment.ofProcess(), arguments));
    }

    /** Runs one command and returns its exit code. */
    static int run(Streams streams, Environment environment, String... arguments) {
        CommandLine commands = commandLine(streams, environment, arguments);
        boolean debug = asksForDebug(environment, arguments);
        commands.setParameterExceptionHandler((wrong, given) ->
                report(streams.err(), debug, wrong, UsageMessage.of(wrong, environment), ExitCode.WRONG_USAGE));
        commands.setExecutionExceptionHandler((failure, command, parsed) -> report(
                streams.err(),
                debug,
                failure,
                Failures.describe(failure),
                failure instanceof CommandFailure ours ? ours.exitCode() : ExitCode.FAILED));
        for (String argument : arguments) {
            if (argument.indexOf(REPLACEMENT) >= 0) {
                return report(
                        streams.err(),
                        false,
                        new CommandFailure(argument),
                        "an argument is no text in this locale's encoding, " + System.getProperty("sun.jnu.encoding")
                                + ": set LC_ALL=C.UTF-8 and write UTF-8",
                        ExitCode.WRONG_USAGE);
            }
        }
        int exitCode;
        try {
            exitCode = commands.execute(arguments);
        } catch (VirtualMachineError | LinkageError e) {
            exitCode = report(streams.err(), debug, e, Failures.describe(e), ExitCode.FAILED);
        }
        if (streams.out().checkError()) {
            return report(
                    streams.err(),
                    false,
                    new CommandFailure("stdout"),
                    "standard output was closed, or its disk is full, before everything was written",
                    ExitCode.FAILED);
        }
        return exitCode;
    }

    /**
     * The command tree with its environment variables; what it prints goes to the given streams. Only those commands are
     * there that the arguments can ask for: to describe all to Picocli takes a tenth of a second.
     */
    static CommandLine commandLine(Streams streams, Environment environment, String... arguments) {
        CommandLine squall = new CommandLine(new Squall());
        for (NamedCommand command : askedFor(arguments)) {
            squall.addSubcommand(command.name(), command.make().apply(streams, environment));
        }
        return squall.setDefaultValueProvider(new EnvironmentDefaults(environment))
                .setExpandAtFiles(false)
                // A prompt in an environment variable may hold a dollar sign.
                .setInterpolateVariables(false)
                // Other programs have options such as -ngl and -fa, which must not be read as -n gl and -f a.
                .setPosixClusteredShortOptionsAllowed(false)
                .registerConverter(boolean.class, EnvironmentDefaults::flag)
                .registerConverter(int.class, Squall::int32)
                .registerConverter(Integer.class, Squall::int32)
                .registerConverter(long.class, word -> Words.wholeNumber(word, Long.MIN_VALUE, Long.MAX_VALUE))
                .registerConverter(Long.class, word -> Words.wholeNumber(word, Long.MIN_VALUE, Long.MAX_VALUE))
                .registerConverter(Path.class, Words::file)
                .registerConverter(ColorChoice.class, word -> Words.choice(ColorChoice.class, word))
                .registerConverter(BatchInput.Format.class, word -> Words.choice(BatchInput.Format.class, word))
                .registerConverter(Device.class, Device::parse)
                .registerConverter(Kernels.class, word -> Words.choice(Kernels.class, word))
                .registerConverter(PolicyName.class, Words::policy)
                .registerConverter(Pooling.class, word -> Words.choice(Pooling.class, word))
                .registerConverter(
                        CompletionCommand.Shell.class, word -> Words.choice(CompletionCommand.Shell.class, word))
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        ColorChoice.AUTO
                                        .palette(streams.outTerminal(), environment)
                                        .colour()
                                ? CommandLine.Help.Ansi.ON
                                : CommandLine.Help.Ansi.OFF))
                .setUsageHelpAutoWidth(true)
                .setUsageHelpLongOptionsMaxWidth(30)
                .setOut(writer(streams.out()))
                .setErr(writer(streams.err()));
    }

    private static List<NamedCommand> askedFor(String... arguments) {
        String first = arguments.length == 0 ? "" : arguments[0];
        if (arguments.length == 1 && VERSION.contains(first)) {
            return List.of();
        }
        List<NamedCommand> named = COMMANDS.stream()
                .filter(command -> command.name().equals(first) && !first.equals(HELP))
                .toList();
        return named.isEmpty() ? COMMANDS : named;
    }

    private static int int32(String word) {
        return (int) Words.wholeNumber(word, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    @Override
    public void run() {
        throw new ParameterException(
                Objects.requireNonNull(spec).commandLine(), "missing command: squall --help lists them");
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    private static boolean asksForDebug(Environment environment, String[] arguments) {
        String variable = environment.get("SQUALL_DEBUG");
        return Arrays.asList(arguments).contains("--debug")
                || (variable != null && List.of("1", "true", "on", "yes").contains(variable));
    }

    private static int report(PrintStream err, boolean debug, Throwable failure, String message, int exitCode) {
        err.println("squall: " + TerminalText.line(message));
        if (debug) {
            failure.printStackTrace(err);
        }
        return exitCode;
    }

    /** A command, made only where it may be asked for. */
    private record NamedCommand(String name, BiFunction<Streams, Environment, Object> make) {}
}
