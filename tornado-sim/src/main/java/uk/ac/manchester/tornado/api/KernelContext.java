package uk.ac.manchester.tornado.api;

import dev.squall.tornado.sim.WorkItem;

/** What a kernel knows of the work-item that it runs as. */
public class KernelContext {
    public final Integer globalIdx;
    public final Integer localIdx;
    public final Integer groupIdx;
    public final Integer globalGroupSizeX;
    public final Integer localGroupSizeX;

    private final WorkItem item;

    /** The context that a task is built with; each work-item runs with its own. */
    public KernelContext() {
        this(WorkItem.NONE);
    }

    /** The simulator's own: the context of a work-item. */
    public KernelContext(WorkItem item) {
        this.item = item;
        globalIdx = item.globalId();
        localIdx = item.localId();
        groupIdx = item.groupId();
        globalGroupSizeX = item.globalSize();
        localGroupSizeX = item.localSize();
    }

    /** Waits until every work-item of the group is here. */
    public void localBarrier() {
        item.barrier();
    }

    /** Memory that the group shares; what is in it at first is not defined. */
    public float[] allocateFloatLocalArray(int size) {
        return item.localFloats(size);
    }

    /** Memory that the group shares; what is in it at first is not defined. */
    public int[] allocateIntLocalArray(int size) {
        return item.localInts(size);
    }
}
