package dev.squall.tornado;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The one thread that executes a plan, which TornadoVM binds to the thread that first does; others hand work over. */
final class DeviceThread implements AutoCloseable {
    private final LinkedBlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
    private final Thread thread;
    private boolean open = true;
    private volatile boolean closed;

    DeviceThread(String name) {
        thread = Thread.ofPlatform().name(name).daemon().start(this::run);
    }

    private void run() {
        while (open) {
            try {
                work.take().run();
            } catch (InterruptedException e) {
                open = false;
            }
        }
    }

    /** Runs the task on the device's thread, waits for its end and throws what it throws. */
    void call(Runnable task) {
        if (closed) {
            throw new IllegalStateException("the thread " + thread.getName() + " is closed");
        }
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        CountDownLatch done = new CountDownLatch(1);
        work.add(() -> {
            try {
                task.run();
            } catch (Error | RuntimeException e) { // the waiting thread throws it
                failure.set(e);
            } finally {
                done.countDown();
            }
        });
        boolean interrupted = false;
        while (done.getCount() > 0) {
            try {
                done.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        switch (failure.get()) {
            case Error error -> throw error;
            case RuntimeException exception -> throw exception;
            case null, default -> {}
        }
    }

    /** Ends the thread when it has done what was handed over. */
    @Override
    public void close() {
        closed = true;
        work.add(() -> open = false);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
