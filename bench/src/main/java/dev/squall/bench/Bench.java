package dev.squall.bench;

import dev.squall.gguf.GgufFormatException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line of the experiments. */
@Command(
        name = "bench",
        description = "Experiments on Squall: random models, races against llama.cpp, start-up times, expert policies.",
        mixinStandardHelpOptions = true,
        subcommands = {
            MakeModelCommand.class,
            RaceCommand.class,
            LaneCommand.class,
            StartCommand.class,
            TraceCommand.class,
            PoliciesCommand.class,
            SearchCommand.class,
            MakeIndexCommand.class,
            KernelsCommand.class,
            PerplexityCommand.class,
            WidenCommand.class,
            OffloadCommand.class,
            PredictionCommand.class,
            DeviceCommand.class
        })
public final class Bench {
    private Bench() {}

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Bench()).setExecutionExceptionHandler((exception, commandLine, parsed) -> {
            String message =
                    switch (exception) {
                        case BenchException e -> e.getMessage();
                        case GgufFormatException e -> e.getMessage();
                        case NoSuchFileException e -> e.getFile() + ": no such file";
                        default -> throw exception;
                    };
            System.err.println("bench: " + message);
            return CommandLine.ExitCode.SOFTWARE;
        });
    }
}
