package dev.squall.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code squall} command. */
@Command(name = "squall", mixinStandardHelpOptions = true, version = "squall 0.1.0")
public final class Squall implements Runnable {
    @Override
    public void run() {}

    /** Runs one command and leaves with its exit code: 0 fine, 1 failed, 2 wrong usage, 130 interrupted. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Squall()).execute(args));
    }
}
