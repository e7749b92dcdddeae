package dev.squall.predict;

import dev.squall.routing.LayerRouting;
import dev.squall.routing.RoutingObserver;
import java.util.Arrays;
import java.util.List;

/** Whether passes use the experts that a trace says: a policy that replays it is a bound for those passes and no others. */
public final class TraceComparison implements RoutingObserver {
    private final List<RoutingTrace.Pass> recorded;
    private final int denseLayers;
    private final int[] counts;
    private volatile boolean differs;

    /** @param denseLayers layers before the first with experts */
    public TraceComparison(RoutingTrace trace, int denseLayers) {
        recorded = trace.passes();
        this.denseLayers = denseLayers;
        counts = new int[trace.shape().expertCount()];
    }

    /** Whether a layer so far had other experts than the trace has there, or no pass of it is left. */
    public boolean differs() {
        return differs;
    }

    @Override
    public void onRouted(LayerRouting routing) {
        if (differs) {
            return;
        }
        Arrays.fill(counts, 0);
        int choices = routing.rows().size() * routing.usedCount();
        for (int choice = 0; choice < choices; choice++) {
            counts[routing.experts()[choice]]++;
        }
        differs = routing.pass() >= recorded.size()
                || !Arrays.equals(
                        counts,
                        recorded.get((int) routing.pass())
                                .layers()
                                .get(routing.layer() - denseLayers)
                                .counts());
    }
}
