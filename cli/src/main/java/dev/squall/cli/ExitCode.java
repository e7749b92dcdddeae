package dev.squall.cli;

/** What the process tells its caller. */
final class ExitCode {
    static final int FINE = 0;
    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;
    static final int INTERRUPTED = 130;

    /** Nobody reads the output any more: what a shell reports of programs that the signal for that ends. */
    static final int OUTPUT_CLOSED = 141;

    private ExitCode() {}
}
