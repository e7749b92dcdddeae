package dev.squall.tornado.sim;

import org.jspecify.annotations.Nullable;

/**
 * One work-item of a launch, as its kernel's context sees it.
 *
 * @param group the group it belongs to; null in the context that a task is built with
 */
public record WorkItem(
        @Nullable WorkGroup group, int globalId, int localId, int groupId, int globalSize, int localSize) {

    /** Nobody: what a context is before it runs. */
    public static final WorkItem NONE = new WorkItem(null, 0, 0, 0, 0, 0);

    public void barrier() {
        running().barrier(localId);
    }

    public float[] localFloats(int size) {
        return running().localFloats(localId, size);
    }

    public int[] localInts(int size) {
        return running().localInts(localId, size);
    }

    private WorkGroup running() {
        if (group == null) {
            throw new SimulationException("a kernel context was used outside a task");
        }
        return group;
    }
}
