package dev.squall.compute;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of threads that share the tasks of one region at a time; the caller is one of them. Tasks are claimed
 * one by one, so a thread that the machine takes away delays only what it has claimed. Idle threads spin for a moment,
 * since the next region of a pass is microseconds away, and then park. One thread calls {@link #run}.
 */
final class WorkerPool implements AutoCloseable {
    private static final long SPIN_NANOS = 50_000;
    private static final int SPINS_PER_CLOCK_READ = 64;
    private static final int SPINS_PER_YIELD = 1024;

    /** One region's tasks: {@code worker} tells threads apart, for scratch memory. */
    @FunctionalInterface
    interface Work {
        void run(int task, int worker);
    }

    /** The region's number in the upper half, its unclaimed tasks in the lower: both change in one step. */
    private final AtomicLong region = new AtomicLong();

    private final AtomicInteger finishedTasks = new AtomicInteger();
    private final AtomicInteger parkedThreads = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Thread[] helpers;
    private Work work = (task, worker) -> {};
    private int taskCount;
    private volatile boolean closed;

    WorkerPool(int threads) {
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            helpers[i] =
                    Thread.ofPlatform().name("squall-worker-" + worker).daemon().start(() -> help(worker));
        }
    }

    int threads() {
        return helpers.length + 1;
    }

    /** Runs tasks from 0 up, begun in that order, and returns when all are done; a task's failure is thrown here. */
    @SuppressWarnings("ThreadPriorityCheck") // a caller that waits without yielding may starve the thread it waits for
    void run(int tasks, Work work) {
        if (tasks == 1 || helpers.length == 0) {
            for (int task = 0; task < tasks; task++) {
                work.run(task, 0);
            }
            return;
        }
        this.work = work;
        taskCount = tasks;
        finishedTasks.set(0);
        region.set(((region.get() >>> 32) + 1) << 32 | tasks);
        if (parkedThreads.get() > 0) {
            for (Thread helper : helpers) {
                LockSupport.unpark(helper);
            }
        }
        while (claimAndRun(0)) {}
        for (int spins = 1; finishedTasks.get() < tasks; spins++) {
            if (spins % SPINS_PER_YIELD == 0) {
                // Another thread has the processor of the one that runs the last task.
                Thread.yield();
            } else {
                Thread.onSpinWait();
            }
        }
        Throwable thrown = failure.getAndSet(null);
        if (thrown != null) {
            if (thrown instanceof RuntimeException failed) {
                throw failed;
            }
            throw new IllegalStateException("a compute task failed: " + thrown, thrown);
        }
    }

    private boolean claimAndRun(int worker) {
        long seen = region.get();
        int unclaimed = (int) seen;
        if (unclaimed == 0) {
            return false;
        }
        if (!region.compareAndSet(seen, seen - 1)) {
            return true;
        }
        // A claimed task keeps its region open, so work and count read here are that region's.
        try {
            work.run(taskCount - unclaimed, worker);
        } catch (Error | RuntimeException thrown) { // run() throws it
            failure.compareAndSet(null, thrown);
        } finally {
            finishedTasks.incrementAndGet();
        }
        return true;
    }

    private void help(int worker) {
        while (!closed) {
            if (!claimAndRun(worker)) {
                awaitTasks();
            }
        }
    }

    private void awaitTasks() {
        long parkAt = System.nanoTime() + SPIN_NANOS;
        do {
            for (int spin = 0; spin < SPINS_PER_CLOCK_READ; spin++) {
                if ((int) region.get() != 0) {
                    return;
                }
                Thread.onSpinWait();
            }
        } while (System.nanoTime() < parkAt);
        parkedThreads.incrementAndGet();
        while ((int) region.get() == 0 && !closed) {
            LockSupport.park(this);
        }
        parkedThreads.decrementAndGet();
    }

    /** Ends the threads; no region may be running. */
    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
