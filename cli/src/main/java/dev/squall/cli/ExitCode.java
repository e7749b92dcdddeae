package dev.squall.cli;

/** What the process tells its caller. */
final class ExitCode {
    static final int FINE = 0;
    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;
    static final int INTERRUPTED = 130;

    private ExitCode() {}
}
