package dev.squall.tornado.sim;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A task graph: its tasks, what is copied when, and its own copies of arrays on the device. An array that nothing copies
 * or consumes has undefined elements there, so that a forgotten transfer shows.
 */
public final class GraphPlan {
    private final String name;
    private final List<Task> tasks = new ArrayList<>();
    private final Set<TornadoNativeArray> firstIn = identitySet();
    private final Set<TornadoNativeArray> everyIn = identitySet();
    private final Set<TornadoNativeArray> everyOut = identitySet();
    private final Set<TornadoNativeArray> kept = identitySet();
    private final IdentityHashMap<TornadoNativeArray, String> consumed = new IdentityHashMap<>();
    private final IdentityHashMap<TornadoNativeArray, TornadoNativeArray> device = new IdentityHashMap<>();
    private SimulatedDevice target = SimulatedRuntime.INSTANCE.device(0);
    private long deviceBytes;
    private boolean executed;

    private record Task(String id, Kernel code, Object[] arguments) {}

    public GraphPlan(String name) {
        this.name = name;
    }

    private static Set<TornadoNativeArray> identitySet() {
        return Collections.newSetFromMap(new IdentityHashMap<>());
    }

    public String name() {
        return name;
    }

    public void add(String id, Kernel code, Object... arguments) {
        if (tasks.stream().anyMatch(task -> task.id.equals(id))) {
            throw new SimulationException("task '" + id + "' is in graph '" + name + "' already: give it another name");
        }
        tasks.add(new Task(id, code, arguments));
    }

    public void transferToDevice(int mode, Object... objects) {
        Set<TornadoNativeArray> arrays = mode == DataTransferMode.EVERY_EXECUTION ? everyIn : firstIn;
        for (Object object : objects) {
            arrays.add(array(object));
        }
    }

    public void transferToHost(int mode, Object... objects) {
        Set<TornadoNativeArray> arrays = mode == DataTransferMode.EVERY_EXECUTION ? everyOut : kept;
        for (Object object : objects) {
            arrays.add(array(object));
        }
    }

    public void persistOnDevice(Object... objects) {
        for (Object object : objects) {
            kept.add(array(object));
        }
    }

    public void consumeFromDevice(String graph, Object... objects) {
        for (Object object : objects) {
            consumed.put(array(object), graph);
        }
    }

    private TornadoNativeArray array(Object object) {
        if (object instanceof TornadoNativeArray array) {
            return array;
        }
        throw new SimulationException("graph '" + name + "': a transfer of "
                + object.getClass().getSimpleName() + ", expected one of TornadoVM's arrays");
    }

    /** The graph as it is now, with nothing on the device. */
    public GraphPlan copy() {
        if (tasks.isEmpty()) {
            throw new SimulationException("graph '" + name + "' has no task, which TornadoVM cannot execute: add one");
        }
        for (TornadoNativeArray array : consumed.keySet()) {
            if (firstIn.contains(array) || everyIn.contains(array)) {
                throw new SimulationException("graph '" + name
                        + "' both consumes and transfers an array: the transfer would not reach the shared buffer");
            }
        }
        GraphPlan copy = new GraphPlan(name);
        copy.tasks.addAll(tasks);
        copy.firstIn.addAll(firstIn);
        copy.everyIn.addAll(everyIn);
        copy.everyOut.addAll(everyOut);
        copy.kept.addAll(kept);
        copy.consumed.putAll(consumed);
        return copy;
    }

    /**
     * Copies in, runs the tasks and copies out.
     *
     * @param graphs those of the plan
     * @param before the graph that the plan executed before this one; null for none
     */
    public void execute(List<GraphPlan> graphs, @Nullable GraphPlan before, @Nullable GridScheduler grids) {
        target.launch(name);
        requireConsumedIn(before);
        for (Task task : tasks) {
            for (Object argument : task.arguments) {
                if (argument instanceof TornadoNativeArray array) {
                    bind(array, graphs);
                }
            }
        }
        for (TornadoNativeArray array : everyIn) {
            copyIn(array);
        }
        if (!executed) {
            firstIn.forEach(this::copyIn);
        }
        for (Task task : tasks) {
            run(task, grids);
        }
        everyOut.forEach(array -> copyOut(array, array.getNumBytesOfSegment()));
        executed = true;
    }

    /** TornadoVM takes what a graph consumes from the graph before, whichever graph it names. */
    private void requireConsumedIn(@Nullable GraphPlan before) {
        if (before == null) {
            return;
        }
        for (var entry : consumed.entrySet()) {
            if (!before.name.equals(entry.getValue()) && !before.consumed.containsKey(entry.getKey())) {
                throw new SimulationException("graph '" + name + "' consumes an array from '" + entry.getValue()
                        + "', but the plan executed '" + before.name
                        + "' before, which TornadoVM takes it from: let that graph consume it as well");
            }
        }
    }

    /** Finds or makes the device's copy of an array. */
    private synchronized void bind(TornadoNativeArray array, List<GraphPlan> graphs) {
        if (device.containsKey(array)) {
            return;
        }
        String source = consumed.get(array);
        if (source != null) {
            device.put(array, consume(array, source, graphs));
            return;
        }
        target.allocate(array.getNumBytesOfSegment());
        deviceBytes += array.getNumBytesOfSegment();
        TornadoNativeArray copy = array.newDeviceArray();
        if (SimulatedRuntime.INSTANCE.findsRaces()) {
            copy.watch(new AccessLog(array.getClass().getSimpleName(), array.getSize()));
        }
        device.put(array, copy);
    }

    private TornadoNativeArray consume(TornadoNativeArray array, String source, List<GraphPlan> graphs) {
        GraphPlan graph = graphs.stream()
                .filter(g -> g.name.equals(source))
                .findFirst()
                .orElseThrow(() -> new SimulationException(
                        "graph '" + name + "' consumes from '" + source + "', which is not in the plan"));
        synchronized (graph) {
            TornadoNativeArray copy = graph.device.get(array);
            if (copy == null || !graph.executed) {
                throw new SimulationException("graph '" + name + "' consumes an array from '" + source
                        + "', which has not been executed yet or uses it in no task");
            }
            if (graph.target != target) {
                throw new SimulationException("graph '" + name + "' on " + target.getDeviceName() + " consumes from '"
                        + source + "' on " + graph.target.getDeviceName());
            }
            if (!graph.kept.contains(array)) {
                throw new SimulationException("graph '" + name + "' consumes an array from '" + source
                        + "', which does not persist it: add persistOnDevice");
            }
            return copy;
        }
    }

    private void run(Task task, @Nullable GridScheduler grids) {
        String taskName = name + "." + task.id;
        @Nullable Object[] arguments = new Object[task.arguments.length];
        boolean hasContext = false;
        for (int i = 0; i < arguments.length; i++) {
            Object argument = task.arguments[i];
            hasContext |= argument instanceof KernelContext;
            arguments[i] = argument instanceof TornadoNativeArray array ? device.get(array) : argument;
        }
        if (!hasContext) {
            new Launch(taskName, task.code, arguments, 1, 1).run();
            return;
        }
        WorkerGrid grid = grids == null ? null : grids.get(taskName);
        if (grid == null) {
            throw new SimulationException("task '" + taskName + "' has no grid: add a WorkerGrid to the GridScheduler");
        }
        long global = grid.getGlobalWork()[0];
        long local = grid.getLocalWork()[0];
        if (local < 1
                || local > SimulatedRuntime.groupSizeMax()
                || global < 1
                || global > Integer.MAX_VALUE
                || global % local != 0) {
            throw new SimulationException(
                    "task '%s' has %d work-items in groups of %d, expected a multiple of the group, and groups of 1 to %d"
                            .formatted(taskName, global, local, SimulatedRuntime.groupSizeMax()));
        }
        new Launch(taskName, task.code, arguments, (int) global, (int) local).run();
    }

    private void copyIn(TornadoNativeArray array) {
        TornadoNativeArray copy = device.get(array);
        if (copy != null) {
            copy.getSegment().copyFrom(array.getSegment());
        }
    }

    private void copyOut(TornadoNativeArray array, long bytes) {
        TornadoNativeArray copy = device.get(array);
        if (copy == null) {
            throw new SimulationException("graph '" + name + "' transfers an array to the host that no task uses");
        }
        MemorySegment.copy(copy.getSegment(), 0, array.getSegment(), 0, bytes);
    }

    /** Copies to the host what was left on the device. */
    public void copyToHost(Object... objects) {
        for (Object object : objects) {
            TornadoNativeArray array = array(object);
            copyToHost(array, array.getNumBytesOfSegment());
        }
    }

    /** Copies the first bytes of an array that was left on the device. */
    public void copyToHost(TornadoNativeArray array, long bytes) {
        if (!kept.contains(array)) {
            throw new SimulationException(
                    "graph '" + name + "': an array is asked for that it neither persists nor transfers under demand");
        }
        copyOut(array, bytes);
    }

    /** Lets the graph run on a device, of which it must have nothing yet. */
    public synchronized void runOn(SimulatedDevice wanted) {
        if (wanted != target && !device.isEmpty()) {
            throw new SimulationException("graph '" + name + "' is on " + target.getDeviceName() + " already, not on "
                    + wanted.getDeviceName() + ": choose the device before it is executed");
        }
        target = wanted;
    }

    /** The device that it runs on. */
    public synchronized SimulatedDevice target() {
        return target;
    }

    public synchronized long deviceBytes() {
        return deviceBytes;
    }

    /** Frees the graph's own copies. */
    public synchronized void free() {
        target.release(deviceBytes);
        deviceBytes = 0;
        device.clear();
        executed = false;
    }
}
