package dev.squall.routing;

import dev.squall.model.RowBatch;

/** Hears what the routers decide, on the thread of the forward pass, which waits for it: copy, enqueue, return. */
@FunctionalInterface
public interface RoutingObserver {
    /** A pass begins; its rows are evaluated layer by layer. */
    default void onPass(long pass, RowBatch rows) {}

    /** A layer has been routed; its experts are not asked for yet. */
    void onRouted(LayerRouting routing);
}
