package dev.squall.index;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.MergePolicy;

/**
 * Threads that have a processor only as long as nobody else wants it, where Linux allows that (SCHED_IDLE); ordinary
 * ones elsewhere. Whoever waits for what such a thread holds leaves it a processor meanwhile.
 */
@SuppressWarnings("restricted")
final class IdleThreads {
    private static final int SCHED_IDLE = 5;
    private static final int THIS_THREAD = 0;

    private IdleThreads() {}

    /** Makes the calling thread one of them, for the rest of its life. A system that refuses leaves it as it is. */
    static void enter() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        MethodHandle schedule = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("sched_setscheduler"),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment priority = arena.allocate(JAVA_INT);
            MethodHandleProxies.asInterfaceInstance(
                            Runnable.class,
                            MethodHandles.insertArguments(schedule, 0, THIS_THREAD, SCHED_IDLE, priority))
                    .run();
        }
    }

    /** One such thread for what is asked of it; of what it has not begun the newest only. Whoever asks does not wait. */
    static ExecutorService forTheNewest(String name) {
        ThreadFactory threads = work -> Thread.ofPlatform().name(name).daemon().unstarted(() -> {
            enter();
            work.run();
        });
        return new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(1),
                threads,
                new ThreadPoolExecutor.DiscardOldestPolicy());
    }

    /** Lucene's scheduler of merges, whose threads are such. */
    static final class Merges extends ConcurrentMergeScheduler {
        @Override
        protected synchronized MergeThread getMergeThread(MergeSource source, MergePolicy.OneMerge merge) {
            MergeThread thread = new MergeThread(source, merge) {
                @Override
                public void run() {
                    enter();
                    super.run();
                }
            };
            thread.setDaemon(true);
            thread.setName("squall-index-merge");
            return thread;
        }
    }
}
