package dev.squall.cli;

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
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IFactory;
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
    /** Written by the Java runtime where the locale's encoding has no character for a byte of an argument. */
    private static final char REPLACEMENT = '\uFFFD';

    private static final List<Class<?>> COMMANDS = List.of(
            ChatCommand.class,
            BatchCommand.class,
            IndexCommand.class,
            ModelsCommand.class,
            PerplexityCommand.class,
            SimulateCommand.class,
            DoctorCommand.class,
            CompletionCommand.class,
            CommandLine.HelpCommand.class);

    /** Picocli reads the options of every command from it. */
    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    @Spec
    private @Nullable CommandSpec spec;

    private Squall() {}

    public static void main(String[] arguments) {
        VectorModule.load();
        System.exit(run(Streams.ofProcess(), Environment.ofProcess(), arguments));
    }

    /** Ends the process from within an answer, on the thread of a signal. */
    static void leave(int exitCode) {
        System.exit(exitCode);
    }

    /** Ends the process where it stands, as a signal that nobody handles does. */
    static void die(int exitCode) {
        Runtime.getRuntime().halt(exitCode);
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
     * The command tree with its environment variables; what it prints goes to the given streams. Where the first argument
     * names a command, only that one is there: to describe all to Picocli takes a tenth of a second.
     */
    static CommandLine commandLine(Streams streams, Environment environment, String... arguments) {
        CommandLine squall = new CommandLine(new Squall(), new Commands(streams, environment));
        List<Class<?>> named = COMMANDS.stream()
                .filter(command -> arguments.length > 0 && name(command).equals(arguments[0]))
                .filter(command -> command != CommandLine.HelpCommand.class)
                .toList();
        (named.isEmpty() ? COMMANDS : named).forEach(squall::addSubcommand);
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

    private static int int32(String word) {
        return (int) Words.wholeNumber(word, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    private static String name(Class<?> command) {
        return command.getAnnotation(Command.class).name();
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

    /** Hands the streams and the environment to the commands that want them. */
    private record Commands(Streams streams, Environment environment) implements IFactory {
        @Override
        public <K> K create(Class<K> type) throws Exception {
            if (type == ChatCommand.class) {
                return type.cast(new ChatCommand(streams, environment));
            }
            if (type == ModelsCommand.class) {
                return type.cast(new ModelsCommand(streams, environment));
            }
            if (type == BatchCommand.class) {
                return type.cast(new BatchCommand(streams, environment));
            }
            if (type == IndexCommand.class) {
                return type.cast(new IndexCommand(streams, environment));
            }
            if (type == IndexInfoCommand.class) {
                return type.cast(new IndexInfoCommand(streams, environment));
            }
            if (type == IndexRecallCommand.class) {
                return type.cast(new IndexRecallCommand(streams, environment));
            }
            if (type == IndexCheckCommand.class) {
                return type.cast(new IndexCheckCommand(streams, environment));
            }
            if (type == IndexQueryCommand.class) {
                return type.cast(new IndexQueryCommand(streams, environment));
            }
            if (type == IndexDiffCommand.class) {
                return type.cast(new IndexDiffCommand(streams, environment));
            }
            if (type == IndexImportCommand.class) {
                return type.cast(new IndexImportCommand(streams));
            }
            if (type == IndexMergeCommand.class) {
                return type.cast(new IndexMergeCommand(streams));
            }
            if (type == IndexPruneCommand.class) {
                return type.cast(new IndexPruneCommand(streams));
            }
            if (type == PerplexityCommand.class) {
                return type.cast(new PerplexityCommand(streams, environment));
            }
            if (type == SimulateCommand.class) {
                return type.cast(new SimulateCommand(streams));
            }
            if (type == DoctorCommand.class) {
                return type.cast(new DoctorCommand(streams, environment));
            }
            if (type == CompletionCommand.class) {
                return type.cast(new CompletionCommand(streams));
            }
            return CommandLine.defaultFactory().create(type);
        }
    }
}
