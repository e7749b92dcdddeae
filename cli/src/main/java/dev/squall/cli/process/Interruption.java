package dev.squall.cli.process;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a signal end a command in order: it says so, stops what runs, and keeps the process alive until the command has
 * let go of everything, which keeps what it has learnt, or for {@value #SECONDS_MAX} seconds.
 */
public final class Interruption implements AutoCloseable {
    private static final int SECONDS_MAX = 3;

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread onSignal;
    private volatile boolean hasCome;

    /** @param stop is called on a thread of its own when the signal comes */
    public Interruption(Runnable stop) {
        this(stop, SECONDS_MAX);
    }

    private Interruption(Runnable stop, int secondsMax) {
        onSignal = new Thread(() -> {
            hasCome = true;
            stop.run();
            awaitClosed(secondsMax);
        });
        Runtime.getRuntime().addShutdownHook(onSignal);
    }

    /** For a command that has nothing to let go of: it only says what became of its work. */
    public static Interruption telling(Runnable what) {
        return new Interruption(what, 0);
    }

    private void awaitClosed(int secondsMax) {
        try {
            // What is not kept by then is lost, as with any kill.
            boolean _ = closed.await(secondsMax, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the signal has come: the process ends. */
    public boolean hasCome() {
        return hasCome;
    }

    /** From now on signals end the process at once. */
    @Override
    public void close() {
        closed.countDown();
        if (!hasCome) {
            try {
                Runtime.getRuntime().removeShutdownHook(onSignal);
            } catch (IllegalStateException e) {
                // The signal came just now, and the process ends in any case.
                hasCome = true;
            }
        }
    }
}
