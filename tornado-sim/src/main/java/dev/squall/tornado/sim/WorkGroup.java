package dev.squall.tornado.sim;

import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.KernelContext;

/**
 * Runs the groups of one launch, one after the other, and within a group one work-item at a time: from barrier to barrier,
 * in rising order. The first work-item runs on the launching thread. Only if it meets a barrier do the others get threads
 * of their own; else they run on that thread too, as a plain loop.
 */
final class WorkGroup {
    private final Launch launch;
    private final int size;
    private final LocalMemory local;
    private final Thread[] threads;
    private final boolean[] ended;

    /** The work-item whose turn it is; -1 when the threads shall end. */
    private volatile int turn;

    private volatile @Nullable SimulationException fault;
    private volatile int groupId;
    private boolean threaded;
    private int phase;

    /** Ends a work-item whose group has failed elsewhere. */
    private static final class Abandoned extends RuntimeException {
        Abandoned() {
            super("the work-group has failed", null, false, false);
        }
    }

    WorkGroup(Launch launch, int size) {
        this.launch = launch;
        this.size = size;
        local = new LocalMemory(size);
        threads = new Thread[size];
        ended = new boolean[size];
    }

    float[] localFloats(int item, int elements) {
        return local.floats(item, elements);
    }

    int[] localInts(int item, int elements) {
        return local.ints(item, elements);
    }

    /** The part of the kernel between two barriers that the group is in, counted over the launch. */
    int phase() {
        return phase;
    }

    void run(int group) {
        groupId = group;
        local.beginGroup();
        Arrays.fill(ended, false);
        phase++;
        threads[0] = Thread.currentThread();
        boolean wasThreaded = threaded;
        threaded = false;
        runItem(0);
        if (threaded) {
            pass(0);
            await(0);
        } else {
            threaded = false;
            for (int item = 1; item < size; item++) {
                runItem(item);
            }
        }
        threaded |= wasThreaded;
    }

    private void runItem(int item) {
        launch.runItem(
                new KernelContext(new WorkItem(this, groupId * size + item, item, groupId, launch.globalSize(), size)),
                groupId * size + item);
        ended[item] = true;
    }

    void barrier(int item) {
        if (size == 1) {
            phase++;
            return;
        }
        if (item > 0 && threads[item] != Thread.currentThread()) {
            throw diverged(item, 0);
        }
        if (item == 0 && !threaded) {
            startThreads();
        }
        pass(item);
        await(item);
        launch.enter(groupId * size + item);
    }

    private void startThreads() {
        threaded = true;
        for (int item = 1; item < size; item++) {
            if (threads[item] == null) {
                int own = item;
                threads[item] = Thread.ofVirtual().name("work-item-" + item).start(() -> work(own));
            }
        }
    }

    /** The life of a work-item's thread: once through the kernel in each group. */
    private void work(int item) {
        try {
            while (true) {
                await(item);
                runItem(item);
                pass(item);
            }
        } catch (Abandoned end) {
            ended[item] = true;
        } catch (SimulationException failure) {
            fail(failure);
        }
    }

    /** Hands over to the next work-item; when all had their turn, they must have come equally far. */
    private void pass(int item) {
        int next = (item + 1) % size;
        if (next == 0) {
            for (int other = 1; other < size; other++) {
                if (ended[other] != ended[0]) {
                    throw ended[0] ? diverged(other, 0) : diverged(0, other);
                }
            }
            phase++;
        }
        turn = next;
        LockSupport.unpark(threads[next]);
    }

    private void await(int item) {
        while (turn != item) {
            if (turn < 0) {
                throw new Abandoned();
            }
            LockSupport.park(this);
        }
        SimulationException failure = fault;
        if (failure != null && item == 0) {
            throw failure;
        }
    }

    private SimulationException diverged(int waiting, int gone) {
        return new SimulationException("%s: work-item %d of group %d waits at a barrier that work-item %d never reaches"
                .formatted(launch.name(), waiting, groupId, gone));
    }

    private void fail(SimulationException failure) {
        fault = failure;
        turn = 0;
        LockSupport.unpark(threads[0]);
    }

    /** Ends the threads. */
    void close() {
        turn = -1;
        for (int item = 1; item < size; item++) {
            if (threads[item] != null) {
                LockSupport.unpark(threads[item]);
            }
        }
    }
}
