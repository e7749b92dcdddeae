package uk.ac.manchester.tornado.api;

import dev.squall.tornado.sim.GraphPlan;

/** What an execution left on the device. */
public class TornadoExecutionResult {
    private final GraphPlan plan;

    TornadoExecutionResult(GraphPlan plan) {
        this.plan = plan;
    }

    /** Copies arrays that the graph transfers under demand, or persists, to the host. */
    public TornadoExecutionResult transferToHost(Object... objects) {
        plan.copyToHost(objects);
        return this;
    }

    /** Copies a part of such an array. */
    public TornadoExecutionResult transferToHost(DataRange dataRange) {
        dataRange.materialize();
        plan.copyToHost(dataRange.getArray(), dataRange.getPartialSize());
        return this;
    }
}
