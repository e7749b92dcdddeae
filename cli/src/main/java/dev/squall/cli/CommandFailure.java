package dev.squall.cli;

/** A command that cannot go on. The message is one line: subject, actual, expected, remedy. The exit code is 1. */
final class CommandFailure extends RuntimeException {
    CommandFailure(String message) {
        super(message);
    }

    CommandFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
