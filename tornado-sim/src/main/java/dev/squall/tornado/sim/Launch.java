package dev.squall.tornado.sim;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** One task on its grid. Work-items run one at a time, so the launch knows which of them is running. */
final class Launch {
    /** No launch. */
    static final Launch NONE = new Launch("no task", arguments -> {}, new Object[0], 0, 1);

    private final String name;
    private final Kernel kernel;
    private final @Nullable Object[] arguments;
    private final int contextIndex;
    private final int globalSize;
    private final int groupSize;
    private final WorkGroup group;
    private int current;

    /**
     * @param arguments the device's arrays and what is no array
     * @param groupSize divides {@code globalSize}
     */
    Launch(String name, Kernel kernel, @Nullable Object[] arguments, int globalSize, int groupSize) {
        this.name = name;
        this.kernel = kernel;
        this.arguments = arguments;
        this.globalSize = globalSize;
        this.groupSize = groupSize;
        int context = -1;
        for (int i = 0; i < arguments.length; i++) {
            context = arguments[i] instanceof KernelContext ? i : context;
        }
        contextIndex = context;
        group = new WorkGroup(this, groupSize);
    }

    String name() {
        return name;
    }

    int globalSize() {
        return globalSize;
    }

    int groupSize() {
        return groupSize;
    }

    int current() {
        return current;
    }

    int phase() {
        return group.phase();
    }

    /** Says which work-item runs from now on. */
    void enter(int item) {
        current = item;
    }

    void run() {
        for (Object argument : arguments) {
            if (argument instanceof TornadoNativeArray array && array.watched() != null) {
                array.watched().begin(this);
            }
        }
        try {
            // Work-items at barriers hand over to each other, which is cheap between virtual threads only.
            if (groupSize == 1 || Thread.currentThread().isVirtual()) {
                runGroups();
            } else {
                runOnVirtualThread();
            }
        } finally {
            for (Object argument : arguments) {
                if (argument instanceof TornadoNativeArray array && array.watched() != null) {
                    array.watched().end();
                }
            }
        }
    }

    private void runGroups() {
        try {
            for (int id = 0; id < globalSize / groupSize; id++) {
                group.run(id);
            }
        } finally {
            group.close();
        }
    }

    private void runOnVirtualThread() {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Thread thread = Thread.ofVirtual()
                .name("launch")
                .uncaughtExceptionHandler((t, e) -> failure.set(e))
                .start(this::runGroups);
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
        switch (failure.get()) {
            case null -> {}
            case Error error -> throw error;
            case RuntimeException exception -> throw exception;
            case Throwable other -> throw new SimulationException(name + ": " + other, other);
        }
    }

    void runItem(KernelContext context, int item) {
        current = item;
        @Nullable Object[] own = arguments;
        if (contextIndex >= 0) {
            own = Arrays.copyOf(arguments, arguments.length);
            own[contextIndex] = context;
        }
        try {
            kernel.run(own);
        } catch (IndexOutOfBoundsException | ArithmeticException failure) {
            throw new SimulationException(
                    "%s: work-item %d of group %d: %s"
                            .formatted(name, item % groupSize, item / groupSize, failure.getMessage()),
                    failure);
        }
    }
}
