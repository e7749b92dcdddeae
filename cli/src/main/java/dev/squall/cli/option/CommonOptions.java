package dev.squall.cli.option;

import dev.squall.cli.terminal.ColorChoice;
import picocli.CommandLine.Option;

/** Options of every command. */
public final class CommonOptions {
    @Option(
            names = "--color",
            paramLabel = "auto|on|off",
            defaultValue = "auto",
            description = "Colours: auto writes them to a terminal unless NO_COLOR is set. Default: auto.")
    public ColorChoice color = ColorChoice.AUTO;

    @Option(names = "--debug", fallbackValue = "true", description = "Show the stack trace of an error.")
    boolean debug;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and leave.")
    boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version and leave.")
    boolean version;
}
