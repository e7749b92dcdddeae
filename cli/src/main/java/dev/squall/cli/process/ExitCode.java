package dev.squall.cli.process;

/** What the process tells its caller, and how it ends. */
public final class ExitCode {
    public static final int FINE = 0;
    public static final int FAILED = 1;
    public static final int WRONG_USAGE = 2;
    public static final int INTERRUPTED = 130;

    /** Nobody reads the output any more: what a shell reports of programs that the signal for that ends. */
    static final int OUTPUT_CLOSED = 141;

    private ExitCode() {}

    /** Ends the process in order, from whatever thread. */
    public static void leave(int exitCode) {
        System.exit(exitCode);
    }

    /** Ends the process where it stands, as a signal that nobody handles does. */
    static void die(int exitCode) {
        Runtime.getRuntime().halt(exitCode);
    }
}
