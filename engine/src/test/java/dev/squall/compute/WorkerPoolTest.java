package dev.squall.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {

    @Test
    void runsEveryTaskOnceInEveryRegion() {
        for (int threads : new int[] {1, 2, 5}) {
            try (WorkerPool pool = new WorkerPool(threads)) {
                for (int region = 0; region < 2_000; region++) {
                    int tasks = region % 37;
                    AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
                    pool.run(tasks, (task, worker) -> {
                        assertThat(worker).isBetween(0, threads - 1);
                        runs.incrementAndGet(task);
                    });
                    for (int task = 0; task < tasks; task++) {
                        assertThat(runs.get(task)).isEqualTo(1);
                    }
                }
            }
        }
    }

    @Test
    void wakesParkedThreads() {
        try (WorkerPool pool = new WorkerPool(3)) {
            for (int region = 0; region < 20; region++) {
                LockSupport.parkNanos(1_000_000);
                int[] results = new int[100];
                pool.run(100, (task, worker) -> results[task] = task + 1);
                for (int task = 0; task < 100; task++) {
                    assertThat(results[task]).isEqualTo(task + 1);
                }
            }
        }
    }

    @Test
    void throwsATasksFailureAndStaysUsable() {
        try (WorkerPool pool = new WorkerPool(2)) {
            assertThatThrownBy(() -> pool.run(50, (task, worker) -> {
                        if (task == 23) {
                            throw new IllegalArgumentException("task 23 cannot");
                        }
                    }))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("task 23 cannot");
            int[] results = new int[50];
            pool.run(50, (task, worker) -> results[task] = 1);
            assertThat(results).containsOnly(1);
        }
    }

    @Test
    void aHelperRunsAnErrandOnceWhileTheOthersTakeItsTasks() throws InterruptedException {
        try (WorkerPool pool = new WorkerPool(3)) {
            CountDownLatch isOver = new CountDownLatch(1);
            CountDownLatch mayEnd = new CountDownLatch(1);
            AtomicInteger runs = new AtomicInteger();
            Thread caller = Thread.currentThread();
            Runnable errand = () -> {
                if (Thread.currentThread() != caller) {
                    runs.incrementAndGet();
                }
                awaitUninterruptibly(mayEnd);
                isOver.countDown();
            };
            assertThat(pool.sendBeside(errand)).isTrue();
            for (int region = 0; region < 20; region++) {
                int[] results = new int[100];
                pool.run(100, (task, worker) -> results[task] = 1);
                assertThat(results).containsOnly(1);
            }
            mayEnd.countDown();
            pool.run(100, (task, worker) -> {});
            isOver.await();
            pool.run(100, (task, worker) -> {});
            assertThat(runs.get()).isEqualTo(1);
        }
    }

    @Test
    void oneThreadAloneRunsNoErrand() {
        try (WorkerPool pool = new WorkerPool(1)) {
            assertThat(pool.sendBeside(() -> {})).isFalse();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
