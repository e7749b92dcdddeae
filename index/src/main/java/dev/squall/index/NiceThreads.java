package dev.squall.index;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
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
 * Threads that have a tenth of the weight of others for a processor that these want, where Linux allows that; ordinary ones
 * elsewhere. Not Linux's {@code SCHED_IDLE}: where other processes keep the processors busy, such a thread takes
 * seconds to end, and with it its process.
 */
@SuppressWarnings("restricted")
final class NiceThreads {
    /** The niceness whose weight is 110 of 1024. */
    private static final int NICENESS = 10;

    private static final int OF_A_PROCESS = 0;
    /** Linux's threads have a niceness each. */
    private static final int THIS_THREAD = 0;

    private NiceThreads() {}

    /** Makes the calling thread one of them, for the rest of its life. A system that refuses leaves it as it is. */
    static void enter() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        MethodHandle prioritise = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("setpriority"),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
        MethodHandleProxies.asInterfaceInstance(
                        Runnable.class,
                        MethodHandles.insertArguments(prioritise, 0, OF_A_PROCESS, THIS_THREAD, NICENESS))
                .run();
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
