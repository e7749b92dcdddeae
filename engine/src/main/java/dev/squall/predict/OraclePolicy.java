package dev.squall.predict;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.Eviction;
import dev.squall.expert.PrefetchPlan;
import dev.squall.expert.Resident;
import java.util.Arrays;

/**
 * Knows the future from a trace of the same passes: the bound for every other policy. Evicts what is used last (Belady)
 * and, unless it serves demands only, loads the next L visits' experts ahead, the nearest first.
 */
final class OraclePolicy implements PrefetchPolicy {
    private final MapShape shape;
    private final RoutingTrace trace;
    private final boolean loadsAhead;
    /** By layer and expert: the passes that use it, rising. */
    private final int[][] usingPasses;

    private final Eviction eviction = new Eviction() {
        @Override
        public double worth(Resident resident, int incomingLayer, double layerShare) {
            return -(double) nextUse(resident.layer(), resident.expert(), resident.nextVisit());
        }

        @Override
        public boolean admits(Resident victim, double probability, double useRate, long visitsAhead) {
            long now = victim.nextVisit() - victim.visitsAhead();
            return now + visitsAhead < nextUse(victim.layer(), victim.expert(), victim.nextVisit());
        }
    };

    OraclePolicy(RoutingTrace trace, boolean loadsAhead) {
        this.trace = trace;
        this.loadsAhead = loadsAhead;
        shape = trace.shape();
        int[] counts = new int[shape.probabilityCount()];
        usingPasses = new int[counts.length][trace.passes().size()];
        for (int pass = 0; pass < trace.passes().size(); pass++) {
            for (int layer = 0; layer < shape.layerCount(); layer++) {
                int[] used = trace.passes().get(pass).layers().get(layer).counts();
                for (int expert = 0; expert < used.length; expert++) {
                    int id = layer * shape.expertCount() + expert;
                    if (used[expert] > 0) {
                        usingPasses[id][counts[id]++] = pass;
                    }
                }
            }
        }
        for (int id = 0; id < counts.length; id++) {
            usingPasses[id] = Arrays.copyOf(usingPasses[id], counts[id]);
        }
    }

    /** The first visit from {@code visit} on that uses an expert; a very late one if none does. */
    private long nextUse(int layer, int expert, long visit) {
        int[] passes = usingPasses[layer * shape.expertCount() + expert];
        long pass = visit / shape.layerCount();
        int at = Arrays.binarySearch(passes, (int) Math.min(Integer.MAX_VALUE, pass));
        int next = at >= 0 ? at : -at - 1;
        return next < passes.length ? (long) passes[next] * shape.layerCount() + layer : Long.MAX_VALUE / 2;
    }

    @Override
    public Eviction eviction() {
        return eviction;
    }

    @Override
    public void onPass(PassObservation pass, CacheConditions conditions, PrefetchPlan plan) {
        predict(pass.firstVisit() - 1, plan);
    }

    @Override
    public void onRouted(LayerObservation observed, CacheConditions conditions, PrefetchPlan plan) {
        predict(observed.visit(), plan);
    }

    private void predict(long now, PrefetchPlan plan) {
        if (!loadsAhead) {
            return;
        }
        for (long visit = now + 1; visit <= now + shape.layerCount(); visit++) {
            long pass = visit / shape.layerCount();
            int layer = (int) (visit % shape.layerCount());
            if (pass < trace.passes().size()) {
                plan.forecast(visit);
                int[] used = trace.passes().get((int) pass).layers().get(layer).counts();
                for (int expert = 0; expert < used.length; expert++) {
                    if (used[expert] > 0) {
                        plan.setProbability(layer, expert, 1);
                        plan.request(layer, expert, 1);
                    }
                }
            }
        }
    }
}
