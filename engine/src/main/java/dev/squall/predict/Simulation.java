package dev.squall.predict;

import dev.squall.expert.CacheCounters;
import dev.squall.expert.PrefetchPlan;
import dev.squall.expert.Slot;
import dev.squall.expert.SlotTable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Replays a trace through a policy and the cache's own {@link SlotTable} in modelled time. It is a model: one copy at a
 * time, a demand waits for the copy under way and then goes first; a layer's experts take equal shares of its time, those
 * that are there first, then each as it arrives.
 */
public final class Simulation {
    private final RoutingTrace trace;
    private final PrefetchPolicy policy;
    private final LinkModel link;
    private final MapShape shape;
    private final SlotTable table;
    private final PrefetchPlan plan;
    private final PassObservation passObservation;
    private final LayerObservation layerObservation;
    private final Deque<Slot> demands = new ArrayDeque<>();
    private final List<Slot> toLoad = new ArrayList<>();
    private final int[] wanted;
    private @Nullable Slot current;
    private double currentEnd;
    private double now;
    private double stalled;
    private PassTotals prefill = PassTotals.ZERO;
    private PassTotals decode = PassTotals.ZERO;

    /**
     * What the passes of one phase cost.
     *
     * @param tokens rows of the passes
     * @param nanos modelled time
     * @param counters what the cache did
     */
    public record PassTotals(long tokens, double nanos, CacheCounters counters) {
        static final PassTotals ZERO = new PassTotals(0, 0, CacheCounters.ZERO);

        PassTotals plus(long moreTokens, double moreNanos, CacheCounters more) {
            return new PassTotals(tokens + moreTokens, nanos + moreNanos, counters.plus(more));
        }

        /** Nanoseconds of waiting for each token. */
        public double stalledNanosPerToken() {
            return tokens == 0 ? 0 : (double) counters.stalledNanos() / tokens;
        }
    }

    /**
     * @param slotCount experts that fit, at least those of a layer
     * @param policy a new one, which the simulation drives
     */
    public Simulation(RoutingTrace trace, int slotCount, PrefetchPolicy policy, LinkModel link) {
        this.trace = trace;
        this.policy = policy;
        this.link = link;
        shape = trace.shape();
        table = new SlotTable(shape.layerCount(), shape.expertCount(), slotCount, policy.eviction());
        plan = new PrefetchPlan(shape.layerCount(), shape.expertCount());
        passObservation = new PassObservation(shape);
        layerObservation = new LayerObservation(shape);
        wanted = new int[shape.expertCount()];
    }

    /** Replays passes {@code from} to {@code to - 1}; successive ranges go on with what is there. */
    public void run(int from, int to) {
        for (int pass = from; pass < to; pass++) {
            RoutingTrace.Pass observed = trace.passes().get(pass);
            CacheCounters before = counters();
            double start = now;
            run(pass, observed);
            if (observed.phase() == Phase.PREFILL) {
                prefill = prefill.plus(
                        observed.rowsOfPass(), now - start, counters().since(before));
            } else {
                decode = decode.plus(
                        observed.rowsOfPass(), now - start, counters().since(before));
            }
        }
    }

    private void run(long pass, RoutingTrace.Pass observed) {
        long firstVisit = pass * shape.layerCount();
        passObservation.set(firstVisit, observed.phase(), observed.rowCount(), counters(), recorded(observed.ahead()));
        System.arraycopy(observed.embeddings(), 0, passObservation.embeddings(), 0, observed.embeddings().length);
        System.arraycopy(observed.positions(), 0, passObservation.positions(), 0, observed.rowCount());
        System.arraycopy(observed.conversations(), 0, passObservation.conversations(), 0, observed.rowCount());
        plan.clear();
        policy.onPass(passObservation, table.conditions(), plan);
        publish();
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            visit(firstVisit + layer, observed, observed.layers().get(layer));
        }
    }

    private void publish() {
        runLink(now);
        table.publish(plan);
        startNext(now);
    }

    private void visit(long visit, RoutingTrace.Pass pass, RoutingTrace.Layer layer) {
        int count = 0;
        for (int expert = 0; expert < wanted.length; expert++) {
            if (layer.counts()[expert] > 0) {
                wanted[count++] = expert;
            }
        }
        double routed = now;
        runLink(now);
        while (table.lacksRoom((int) (visit % shape.layerCount()), wanted, count)) {
            now = Math.max(now, currentEnd);
            runLink(now);
        }
        table.open(visit, wanted, count, toLoad);
        demands.addAll(toLoad);
        toLoad.clear();
        startNext(now);
        predict(visit, pass, layer);
        compute(count, routed);
        table.close();
    }

    /** The plan is there {@code predictionNanos} after routing, or when the link has need of one thereafter. */
    private void predict(long visit, RoutingTrace.Pass pass, RoutingTrace.Layer layer) {
        layerObservation.set(visit, 0, pass.rowCount(), pass.rowsOfPass(), recorded(layer.ahead()));
        System.arraycopy(layer.counts(), 0, layerObservation.counts(), 0, layer.counts().length);
        System.arraycopy(layer.probabilities(), 0, layerObservation.probabilities(), 0, layer.probabilities().length);
        System.arraycopy(layer.hidden(), 0, layerObservation.hidden(), 0, layer.hidden().length);
        plan.clear();
        policy.onRouted(layerObservation, table.conditions(), plan);
        double planned = now + link.predictionNanos();
        runLink(planned);
        table.publish(plan);
        startNext(planned);
    }

    private LayerObservation.GateAhead recorded(List<float[]> ahead) {
        return (row, distance, out, outOffset) -> {
            if (distance > ahead.size()) {
                return false;
            }
            int n = shape.expertCount();
            System.arraycopy(ahead.get(distance - 1), row * n, out, outOffset, n);
            return true;
        };
    }

    /** Computes a layer: what is there, then each expert as it arrives. */
    private void compute(int count, double routed) {
        double share = link.layerNanos() / count;
        double computed = now;
        for (int i = 0; i < count; i++) {
            computed += table.held(wanted[i]).isReady() ? share : 0;
        }
        int left = count - (int) Math.round((computed - now) / share);
        runLink(computed);
        while (left > 0) {
            int ready = 0;
            for (int i = 0; i < count; i++) {
                ready += table.held(wanted[i]).isReady() ? 1 : 0;
            }
            int arrived = ready - (count - left);
            if (arrived == 0) {
                computed = Math.max(computed, currentEnd);
            } else {
                computed += arrived * share;
                left -= arrived;
            }
            runLink(computed);
        }
        double stall = computed - routed - link.layerNanos();
        stalled += Math.max(0, stall);
        now = Math.max(computed, routed + link.layerNanos());
        table.noteLayer((long) link.layerNanos());
    }

    /** Lets the link work until a time. */
    private void runLink(double until) {
        while (current != null && currentEnd <= until) {
            Slot done = current;
            current = null;
            table.end(done, trace.expertBytes()[done.layer()], (long) currentEnd);
            startNext(currentEnd);
        }
    }

    private void startNext(double at) {
        if (current != null) {
            return;
        }
        Slot next = demands.poll();
        if (next == null) {
            next = table.nextSpeculative();
        }
        if (next != null) {
            current = next;
            currentEnd = at + link.copyNanos(trace.expertBytes()[next.layer()]);
            table.begin(next, (long) at);
        }
    }

    private CacheCounters counters() {
        return table.counters((long) stalled);
    }

    /** Begins to count anew; what is in the slots and what the policy has learnt stay. */
    public void forgetTotals() {
        prefill = PassTotals.ZERO;
        decode = PassTotals.ZERO;
    }

    /** What prefill passes cost. */
    public PassTotals prefill() {
        return prefill;
    }

    /** What decode passes cost. */
    public PassTotals decode() {
        return decode;
    }
}
