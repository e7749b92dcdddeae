package dev.squall.tornado;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.DataRange;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** One task graph with the grids of its tasks, which follow the number of rows. */
final class DeviceGraph {
    /** The graph that brings everything that stays to the device. */
    static final String INIT = "init";

    private final String name;
    private final GridScheduler grids;
    private final List<Grid> sized = new ArrayList<>();
    private TaskGraph graph;
    private @Nullable ImmutableTaskGraph snapshot;
    private final List<Part> parts = new ArrayList<>();
    private long bytesToDevice;
    private long bytesToHost;

    /** A task's grid: so many work-items for each row, in groups. */
    private record Grid(WorkerGrid1D grid, int itemsPerRow, int groupSize) {
        void resize(int rows) {
            int items = Math.multiplyExact(itemsPerRow, rows);
            grid.setGlobalWork(Math.ceilDivExact(items, groupSize) * (long) groupSize, 1, 1);
        }
    }

    /** The beginning of an array that stays on the device: so many elements, and so many more for each row. */
    private record Part(TornadoNativeArray array, int elements, int elementsPerRow) {
        int size(int rows) {
            return elements + rows * elementsPerRow;
        }
    }

    DeviceGraph(String name, GridScheduler grids) {
        this.name = name;
        this.grids = grids;
        graph = new TaskGraph(name);
    }

    /** Uses arrays that {@link #INIT} left on the device. */
    DeviceGraph shares(Object... arrays) {
        graph = graph.consumeFromDevice(INIT, arrays);
        return this;
    }

    /** Copies arrays to the device before every launch. */
    DeviceGraph takes(Object... arrays) {
        graph = graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, arrays);
        bytesToDevice += bytes(arrays);
        return this;
    }

    /** Copies arrays to the device before the first launch. */
    DeviceGraph takesOnce(Object... arrays) {
        graph = graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, arrays);
        return this;
    }

    /** Adds a task with so many work-items for each row. */
    DeviceGraph add(String id, int itemsPerRow, int groupSize, UnaryOperator<TaskGraph> task) {
        graph = task.apply(graph);
        WorkerGrid1D grid = new WorkerGrid1D(Math.ceilDivExact(itemsPerRow, groupSize) * groupSize);
        grid.setLocalWork(groupSize, 1, 1);
        grids.addWorkerGrid(name + "." + id, grid);
        sized.add(new Grid(grid, itemsPerRow, groupSize));
        return this;
    }

    /** Leaves arrays on the device. */
    DeviceGraph leaves(Object... arrays) {
        graph = graph.persistOnDevice(arrays);
        return this;
    }

    /** Copies arrays to the host after every launch. */
    DeviceGraph gives(Object... arrays) {
        graph = graph.transferToHost(DataTransferMode.EVERY_EXECUTION, arrays);
        bytesToHost += bytes(arrays);
        return this;
    }

    /** Copies the beginning of an array that it leaves on the device to the host after every launch, as rows ask for. */
    DeviceGraph givesPart(TornadoNativeArray array, int elements, int elementsPerRow) {
        parts.add(new Part(array, elements, elementsPerRow));
        return this;
    }

    /** Copies the parts that it gives. */
    void readParts(TornadoExecutionResult result, int rows) {
        for (Part part : parts) {
            result.transferToHost(new DataRange(part.array).withSize(part.size(rows)));
        }
    }

    private static long bytes(Object... arrays) {
        return Arrays.stream(arrays)
                .mapToLong(array -> ((TornadoNativeArray) array).getNumBytesOfSegment())
                .sum();
    }

    void resize(int rows) {
        sized.forEach(grid -> grid.resize(rows));
    }

    /** The graph as plans execute it, always the same object. */
    ImmutableTaskGraph snapshot() {
        ImmutableTaskGraph made = snapshot;
        if (made == null) {
            made = graph.snapshot();
            snapshot = made;
        }
        return made;
    }

    String name() {
        return name;
    }

    LaunchEvent newEvent(int rows) {
        long partBytes = parts.stream()
                .mapToLong(part -> (long) part.size(rows) * part.array.getElementSize())
                .sum();
        return new LaunchEvent(name, sized.size(), rows, bytesToDevice, bytesToHost + partBytes);
    }
}
