package dev.squall.cli.doctor;

import org.jspecify.annotations.Nullable;

/**
 * One thing that the doctor looked at.
 *
 * @param subject what
 * @param state how it is
 * @param text what was found
 * @param remedy the command or step that mends it, null if nothing is wrong
 */
record Finding(
        String subject, State state, String text, @Nullable String remedy) {
    /** How a thing is. */
    enum State {
        FINE,
        /** It works, but not as well as it could. */
        WARNING,
        /** Squall does not run without it. */
        MISSING
    }

    static Finding fine(String subject, String text) {
        return new Finding(subject, State.FINE, text, null);
    }

    static Finding warning(String subject, String text, String remedy) {
        return new Finding(subject, State.WARNING, text, remedy);
    }

    static Finding missing(String subject, String text, String remedy) {
        return new Finding(subject, State.MISSING, text, remedy);
    }
}
