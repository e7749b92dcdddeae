package uk.ac.manchester.tornado.api;

import dev.squall.tornado.sim.GraphPlan;

/** A graph that may be executed. Owns its copies of arrays on the device, whichever plan executes it. */
public class ImmutableTaskGraph {
    private final GraphPlan plan;

    ImmutableTaskGraph(GraphPlan plan) {
        this.plan = plan;
    }

    GraphPlan plan() {
        return plan;
    }
}
