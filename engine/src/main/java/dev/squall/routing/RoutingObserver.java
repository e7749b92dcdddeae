package dev.squall.routing;

/** Hears what the routers decide, on the thread of the forward pass, which waits for it: copy, enqueue, return. */
@FunctionalInterface
public interface RoutingObserver {
    void onRouted(LayerRouting routing);
}
