package dev.squall.cli.process;

import org.jspecify.annotations.Nullable;

/** A command that cannot go on. The message is one line: subject, actual, expected, remedy. */
public final class CommandFailure extends RuntimeException {
    private final int exitCode;

    public CommandFailure(String message) {
        this(message, null);
    }

    public CommandFailure(String message, @Nullable Throwable cause) {
        this(message, cause, ExitCode.FAILED);
    }

    private CommandFailure(String message, @Nullable Throwable cause, int exitCode) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** Of options that say what cannot be done, whatever the files hold. */
    public static CommandFailure ofUsage(String message) {
        return new CommandFailure(message, null, ExitCode.WRONG_USAGE);
    }

    /** Of options that the engine refuses. */
    public static CommandFailure ofUsage(IllegalArgumentException refusal) {
        return new CommandFailure(String.valueOf(refusal.getMessage()), refusal, ExitCode.WRONG_USAGE);
    }

    public int exitCode() {
        return exitCode;
    }
}
