package dev.squall.cli;

import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Prints a completion script. */
@Command(
        name = "completion",
        versionProvider = Version.class,
        description = "Prints a script that completes squall's commands and options on Tab.",
        footer = {"", "bash: source <(squall completion bash)", "zsh:  source <(squall completion zsh)"})
final class CompletionCommand implements Callable<Integer> {
    /** The shells there is a script for. */
    enum Shell {
        BASH,
        ZSH;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Streams streams;

    /** Picocli reads the options of every command from it. */
    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    @Parameters(paramLabel = "bash|zsh", description = "The shell.")
    private Shell shell = Shell.BASH;

    CompletionCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        CommandLine squall = Squall.commandLine(streams, new Environment(Map.of()));
        // One script serves both: under zsh it switches to bash's way of completing by itself.
        streams.out().println("# Completes squall's commands and options in " + shell + ".");
        streams.out().println(AutoComplete.bash("squall", squall));
        return ExitCode.FINE;
    }
}
