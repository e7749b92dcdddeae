package dev.squall.expert;

import dev.squall.routing.LayerRouting;

/** Provides the experts of a layer to the forward pass, which is its only caller. */
public interface ExpertSource {
    /** Makes every expert that the routing selects usable until the lease is closed. */
    ExpertLease lease(LayerRouting routing);
}
