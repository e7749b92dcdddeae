package uk.ac.manchester.tornado.api;

import dev.squall.tornado.sim.GraphPlan;
import dev.squall.tornado.sim.SimulatedDevice;
import dev.squall.tornado.sim.SimulatedRuntime;
import dev.squall.tornado.sim.SimulationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;

/** Executes graphs. Belongs to the thread that first executes it. */
public class TornadoExecutionPlan implements AutoCloseable {
    private final List<GraphPlan> graphs = new ArrayList<>();
    private int selected = -1;
    private @Nullable GridScheduler grids;
    private @Nullable GraphPlan before;
    private @Nullable Thread owner;

    public TornadoExecutionPlan(ImmutableTaskGraph... immutableTaskGraphs) {
        Arrays.stream(immutableTaskGraphs).map(ImmutableTaskGraph::plan).forEach(graphs::add);
    }

    /** A device of a backend. */
    public static TornadoDevice getDevice(int driverIndex, int deviceIndex) {
        return SimulatedRuntime.INSTANCE.getBackend(driverIndex).getDevice(deviceIndex);
    }

    /** Executes one of the graphs from now on. */
    public TornadoExecutionPlan withGraph(int graphIndex) {
        if (graphIndex < 0 || graphIndex >= graphs.size()) {
            throw new SimulationException("graph " + graphIndex + ", expected 0 to " + (graphs.size() - 1));
        }
        selected = graphIndex;
        return this;
    }

    public TornadoExecutionPlan withGridScheduler(GridScheduler gridScheduler) {
        grids = gridScheduler;
        return this;
    }

    public TornadoExecutionPlan withDevice(TornadoDevice device) {
        if (!(device instanceof SimulatedDevice simulated)) {
            throw new SimulationException("device " + device.getDeviceName() + " is not one of this runtime");
        }
        graphs.forEach(graph -> graph.runOn(simulated));
        return this;
    }

    public TornadoDevice getDevice(int immutableTaskGraphIndex) {
        return graphs.get(immutableTaskGraphIndex).target();
    }

    /** Executes the selected graph, or all of them one after the other. */
    public TornadoExecutionResult execute() {
        if (owner == null) {
            owner = Thread.currentThread();
        } else if (owner != Thread.currentThread()) {
            throw new SimulationException("a plan that belongs to thread " + owner.getName() + " was executed by "
                    + Thread.currentThread().getName() + ": give each thread a plan of its own");
        }
        List<GraphPlan> chosen = selected < 0 ? graphs : List.of(graphs.get(selected));
        for (GraphPlan graph : chosen) {
            graph.execute(graphs, before, grids);
            before = graph;
        }
        return new TornadoExecutionResult(chosen.getLast());
    }

    /** Frees what the selected graph has on the device, or all graphs if none was ever selected. */
    public TornadoExecutionPlan freeDeviceMemory() {
        (selected < 0 ? graphs : List.of(graphs.get(selected))).forEach(GraphPlan::free);
        return this;
    }

    /** Bytes that the plan's graphs have on the device. */
    public long getCurrentDeviceMemoryUsage() {
        return graphs.stream().mapToLong(GraphPlan::deviceBytes).sum();
    }

    @Override
    public void close() throws TornadoExecutionPlanException {
        freeDeviceMemory();
    }
}
