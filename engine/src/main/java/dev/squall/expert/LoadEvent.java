package dev.squall.expert;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Flight recorder event: an expert was loaded into a slot. */
@Name("dev.squall.ExpertLoad")
@Label("Expert Load")
@Category("Squall")
@StackTrace(false)
final class LoadEvent extends Event {
    @Label("Layer")
    final int layer;

    @Label("Expert")
    final int expert;

    @Label("Ahead of Demand")
    final boolean ahead;

    @Label("Bytes")
    @DataAmount
    long bytes;

    LoadEvent(int layer, int expert, boolean ahead) {
        this.layer = layer;
        this.expert = expert;
        this.ahead = ahead;
    }
}
