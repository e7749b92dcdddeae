package dev.squall.tornado;

import dev.squall.tornado.sim.SimulatedRuntime;
import java.util.function.UnaryOperator;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Runs one kernel as a graph of its own, on the simulator with a watch for races, or on TornadoVM where that is. */
final class OneTask {
    static final KernelContext CONTEXT = new KernelContext();

    private OneTask() {}

    /**
     * Copies arrays to the device, runs the task "t" and copies them back.
     *
     * @param floats arrays that the kernel writes, and may read
     * @param inputs arrays that the kernel reads
     */
    static void run(int global, int local, Object[] floats, Object[] inputs, UnaryOperator<TaskGraph> task) {
        SimulatedRuntime.INSTANCE.findRaces(true);
        try {
            runUnwatched(global, local, floats, inputs, task);
        } finally {
            SimulatedRuntime.INSTANCE.findRaces(false);
        }
    }

    /** The same without the watch, for millions of elements. */
    static void runUnwatched(int global, int local, Object[] floats, Object[] inputs, UnaryOperator<TaskGraph> task) {
        TaskGraph graph = new TaskGraph("g").transferToDevice(DataTransferMode.EVERY_EXECUTION, floats);
        if (inputs.length > 0) {
            graph = graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, inputs);
        }
        graph = task.apply(graph).transferToHost(DataTransferMode.EVERY_EXECUTION, floats);
        WorkerGrid1D grid = new WorkerGrid1D((global + local - 1) / local * local);
        grid.setLocalWork(local, 1, 1);
        GridScheduler grids = new GridScheduler();
        grids.addWorkerGrid("g.t", grid);
        try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
            plan.withGridScheduler(grids).execute();
        } catch (TornadoExecutionPlanException e) {
            throw new AssertionError(e);
        }
    }

    static Object[] arrays(Object... arrays) {
        return arrays;
    }

    static FloatArray floats(float... values) {
        FloatArray array = new FloatArray(values.length);
        for (int i = 0; i < values.length; i++) {
            array.set(i, values[i]);
        }
        return array;
    }

    static IntArray ints(int... values) {
        IntArray array = new IntArray(values.length);
        for (int i = 0; i < values.length; i++) {
            array.set(i, values[i]);
        }
        return array;
    }

    static ByteArray bytes(byte[] values) {
        ByteArray array = new ByteArray(values.length);
        for (int i = 0; i < values.length; i++) {
            array.set(i, values[i]);
        }
        return array;
    }

    static float[] toJava(FloatArray array) {
        float[] values = new float[array.getSize()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i);
        }
        return values;
    }
}
