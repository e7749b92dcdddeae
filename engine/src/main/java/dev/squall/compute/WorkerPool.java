package dev.squall.compute;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of threads that share the tasks of one region at a time; the caller is one of them. Each thread has a
 * range of consecutive tasks of its own, since memory that one thread reads on and on arrives ahead of it; who has none
 * left takes the last one of another's. Tasks are claimed one by one, so a thread that the machine takes away delays only
 * what it has claimed. Idle threads spin for a moment, since the next region of a pass is microseconds away, and then
 * park. One thread calls {@link #run}.
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

    /** Longs between two threads' ranges: two cache lines, since lines are fetched in pairs. */
    private static final int RANGE_STRIDE = 16;

    private static final int INDEX_BITS = 20;
    private static final int INDEX_MASK = (1 << INDEX_BITS) - 1;

    /** The most tasks of a region. */
    static final int TASKS_MAX = INDEX_MASK;

    /**
     * Each thread's unclaimed tasks: the number of the region in the upper bits, then the first task and the one behind
     * the last, which all change in one step.
     */
    private final AtomicLongArray ranges;

    /** The number of the last region, once all its ranges are there. */
    private final AtomicInteger region = new AtomicInteger();

    private final AtomicInteger finishedTasks = new AtomicInteger();
    private final AtomicInteger parkedThreads = new AtomicInteger();
    /** What a helper does before the next region's tasks. */
    private final AtomicReference<@Nullable Runnable> errand = new AtomicReference<>();

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Thread[] helpers;
    private Work work = (task, worker) -> {};
    private volatile boolean closed;

    WorkerPool(int threads) {
        ranges = new AtomicLongArray((threads + 1) * RANGE_STRIDE);
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

    /** The first task of a thread's own range, when a region has so many. */
    int firstTask(int worker, int tasks) {
        return (int) ((long) tasks * worker / threads());
    }

    /**
     * Runs tasks 0 to {@code tasks - 1} and returns when all are done; a task's failure is thrown here. Each thread takes
     * those from its {@link #firstTask} on in order.
     */
    @SuppressWarnings("ThreadPriorityCheck") // a caller that waits without yielding may starve the thread it waits for
    void run(int tasks, Work work) {
        if (tasks > TASKS_MAX) {
            throw new IllegalArgumentException(
                    "a region has " + tasks + " tasks, at most " + TASKS_MAX + " are possible");
        }
        if (tasks <= 1 || helpers.length == 0) {
            for (int task = 0; task < tasks; task++) {
                work.run(task, 0);
            }
            return;
        }
        this.work = work;
        finishedTasks.set(0);
        int number = region.get() + 1;
        for (int worker = 0; worker < threads(); worker++) {
            ranges.set(at(worker), range(number, firstTask(worker, tasks), firstTask(worker + 1, tasks)));
        }
        region.set(number);
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

    /**
     * Lets one of the helpers run something at once if it spins, else before its tasks of the next region, while the other
     * threads take these: so nobody has to be woken for it. Does not wait. If nobody has run the errand before it, that
     * one is left out.
     *
     * @param errand throws nothing
     * @return false if there are no helpers
     */
    boolean sendBeside(Runnable errand) {
        if (helpers.length == 0) {
            return false;
        }
        this.errand.set(errand);
        return true;
    }

    private static int at(int worker) {
        return (worker + 1) * RANGE_STRIDE;
    }

    private static long range(int region, int first, int end) {
        return ((long) region << (2 * INDEX_BITS)) | ((long) first << INDEX_BITS) | end;
    }

    /** Runs a task: the next of the thread's own, else the last of another thread's; false if there is none. */
    private boolean claimAndRun(int worker) {
        for (int i = 0; i < threads(); i++) {
            int owner = (worker + i) % threads();
            int task = claim(owner, owner == worker);
            if (task >= 0) {
                run(task, worker);
                return true;
            }
        }
        return false;
    }

    /** The first or last task of a thread's range, which is no longer in it; -1 if it is empty. */
    private int claim(int owner, boolean first) {
        while (true) {
            long seen = ranges.get(at(owner));
            int next = (int) (seen >>> INDEX_BITS) & INDEX_MASK;
            int end = (int) seen & INDEX_MASK;
            if (next >= end) {
                return -1;
            }
            if (ranges.compareAndSet(at(owner), seen, first ? seen + (1L << INDEX_BITS) : seen - 1)) {
                return first ? next : end - 1;
            }
        }
    }

    private void run(int task, int worker) {
        // A claimed task keeps its region open, so the work read here is that region's.
        try {
            work.run(task, worker);
        } catch (Error | RuntimeException thrown) { // run() throws it
            failure.compareAndSet(null, thrown);
        } finally {
            finishedTasks.incrementAndGet();
        }
    }

    private void help(int worker) {
        while (!closed) {
            int seen = region.get();
            runErrand();
            while (claimAndRun(worker)) {}
            awaitWorkAfter(seen);
        }
    }

    private void runErrand() {
        Runnable first = errand.get() == null ? null : errand.getAndSet(null);
        if (first != null) {
            first.run();
        }
    }

    /** Waits for a region after that one, or as long as it spins for an errand. */
    private void awaitWorkAfter(int seen) {
        long parkAt = System.nanoTime() + SPIN_NANOS;
        do {
            for (int spin = 0; spin < SPINS_PER_CLOCK_READ; spin++) {
                if (region.get() != seen || errand.get() != null) {
                    return;
                }
                Thread.onSpinWait();
            }
        } while (System.nanoTime() < parkAt);
        parkedThreads.incrementAndGet();
        while (region.get() == seen && !closed) {
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
