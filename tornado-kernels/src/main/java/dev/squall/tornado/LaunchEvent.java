package dev.squall.tornado;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The execution of a graph, for Java's flight recorder: what a time line of copies and computing is made of. */
@Name("dev.squall.DeviceLaunch")
@Label("Device Launch")
@Description("A task graph was executed on the device that computes")
@Category("Squall")
@StackTrace(false)
final class LaunchEvent extends Event {
    @Label("Graph")
    final String graph;

    @Label("Tasks")
    final int tasks;

    @Label("Rows")
    final int rows;

    @Label("Bytes to Device")
    @DataAmount
    final long bytesToDevice;

    @Label("Bytes to Host")
    @DataAmount
    final long bytesToHost;

    LaunchEvent(String graph, int tasks, int rows, long bytesToDevice, long bytesToHost) {
        this.graph = graph;
        this.tasks = tasks;
        this.rows = rows;
        this.bytesToDevice = bytesToDevice;
        this.bytesToHost = bytesToHost;
    }
}
