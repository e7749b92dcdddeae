package dev.squall.generate;

/** A flag that any thread may raise to stop a generation before its next token or prefill chunk. */
public final class Cancellation {
    private volatile boolean cancelled;

    public void cancel() {
        cancelled = true;
    }

    public boolean isCancelled() {
        return cancelled;
    }
}
