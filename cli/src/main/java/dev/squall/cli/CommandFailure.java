package dev.squall.cli;

import org.jspecify.annotations.Nullable;

/** A command that cannot go on. The message is one line: subject, actual, expected, remedy. */
final class CommandFailure extends RuntimeException {
    private final int exitCode;

    CommandFailure(String message) {
        this(message, null);
    }

    CommandFailure(String message, @Nullable Throwable cause) {
        this(message, cause, ExitCode.FAILED);
    }

    private CommandFailure(String message, @Nullable Throwable cause, int exitCode) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** Of options that say what cannot be done, whatever the files hold. */
    static CommandFailure ofUsage(String message) {
        return new CommandFailure(message, null, ExitCode.WRONG_USAGE);
    }

    /** Of options that the engine refuses. */
    static CommandFailure ofUsage(IllegalArgumentException refusal) {
        return new CommandFailure(String.valueOf(refusal.getMessage()), refusal, ExitCode.WRONG_USAGE);
    }

    int exitCode() {
        return exitCode;
    }
}
