package dev.squall.cli;

import org.jspecify.annotations.Nullable;

/** A command that cannot go on. The message is one line: subject, actual, expected, remedy. The exit code is 1. */
final class CommandFailure extends RuntimeException {
    CommandFailure(String message) {
        super(message);
    }

    CommandFailure(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
