package dev.squall.tornado;

import dev.squall.compute.DeviceException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.DataRange;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoInternalError;
import uk.ac.manchester.tornado.api.exceptions.TornadoMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoTaskRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Graphs, the plan that executes them and the one thread that does. Plans that run beside each other share nothing but the
 * first graph, which brings to the device what both use and is executed before either of them begins.
 */
final class DevicePlan implements AutoCloseable {
    private final TornadoDevice device;
    private final List<DeviceGraph> graphs;
    private final TornadoExecutionPlan plan;
    private final DeviceThread thread;
    private DeviceGraph lastGraph;
    private @Nullable TornadoExecutionResult last;
    private boolean closed;

    /**
     * Makes the plan and executes its first graph.
     *
     * @param grids those of all graphs
     */
    DevicePlan(String threadName, TornadoDevice device, GridScheduler grids, List<DeviceGraph> graphs) {
        this.device = device;
        this.graphs = List.copyOf(graphs);
        lastGraph = graphs.getFirst();
        plan = new TornadoExecutionPlan(
                graphs.stream().map(DeviceGraph::snapshot).toArray(ImmutableTaskGraph[]::new));
        thread = new DeviceThread(threadName);
        boolean ready = false;
        try {
            thread.call(() -> {
                if (!device.equals(TornadoDevices.preferred())) {
                    plan.withDevice(device);
                }
                plan.withGridScheduler(grids);
                launch(0, 1);
            });
            ready = true;
        } finally {
            if (!ready) {
                close();
            }
        }
    }

    /** Runs a task on the plan's thread and waits for its end. */
    void call(Runnable task) {
        thread.call(task);
    }

    /**
     * Executes a graph for so many rows, on the plan's thread.
     *
     * @throws DeviceException if the device does not
     */
    void launch(int index, int rows) {
        DeviceGraph graph = graphs.get(index);
        graph.resize(rows);
        LaunchEvent event = graph.newEvent(rows);
        event.begin();
        run(graph, () -> {
            // The node that withGraph gives keeps the execution's results, and goes.
            TornadoExecutionResult result = plan.withGraph(index).execute();
            graph.readParts(result, rows);
            last = result;
        });
        lastGraph = graph;
        event.commit();
    }

    /**
     * Copies the beginning of an array that the graph executed last uses and leaves on the device, on the plan's thread.
     *
     * @throws DeviceException if the device does not
     */
    void read(TornadoNativeArray array, int elements) {
        run(lastGraph, () -> Objects.requireNonNull(last).transferToHost(new DataRange(array).withSize(elements)));
    }

    private void run(DeviceGraph graph, Runnable task) {
        try {
            task.run();
        } catch (TornadoOutOfMemoryException e) {
            throw new DeviceException(
                    failure(graph, e) + ": give a smaller --device-memory, --expert-cache or --ctx-size", e);
        } catch (TornadoRuntimeException
                | TornadoBailoutRuntimeException
                | TornadoMemoryException
                | TornadoTaskRuntimeException
                | TornadoInternalError e) {
            throw new DeviceException(failure(graph, e) + ": see squall doctor --device, or use --device cpu", e);
        }
    }

    private String failure(DeviceGraph graph, Throwable e) {
        return "device '%s': graph '%s' failed: %s"
                .formatted(TornadoDevices.name(device), graph.name(), TornadoDevices.reason(e));
    }

    /**
     * Ends the plan and frees all that its graphs have on the device, also if one has failed. Of plans that share a graph
     * one is closed after the other, when neither computes any more.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            thread.call(this::free);
        } finally {
            thread.close();
        }
    }

    /**
     * TornadoVM 5.2 frees what the selected graph brings, then what it gives and leaves, and fails at the first array that
     * is free already, because another graph left it, too. So graphs name what is theirs alone before what they leave.
     */
    private void free() {
        for (int graph = 0; graph < graphs.size(); graph++) {
            try {
                plan.withGraph(graph).freeDeviceMemory();
            } catch (TornadoInternalError
                    | TornadoRuntimeException
                    | TornadoBailoutRuntimeException
                    | TornadoMemoryException
                    | TornadoTaskRuntimeException _) { // what was left to free was free, or was never there
            }
        }
    }
}
