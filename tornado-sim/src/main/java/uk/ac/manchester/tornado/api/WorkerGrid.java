package uk.ac.manchester.tornado.api;

/** How many work-items a task has, and how many of them are a group. */
public interface WorkerGrid {
    int dimension();

    long[] getGlobalWork();

    long[] getLocalWork();

    void setGlobalWork(long x, long y, long z);

    void setLocalWork(long x, long y, long z);
}
