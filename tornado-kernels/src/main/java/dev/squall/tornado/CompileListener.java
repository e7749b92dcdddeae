package dev.squall.tornado;

/** Hears how far the kernels of a model are compiled, on the thread that loads it. */
@FunctionalInterface
public interface CompileListener {
    /** Hears nothing. */
    CompileListener NONE = (done, all) -> {};

    /**
     * @param done graphs whose kernels are compiled
     * @param all graphs of a pass
     */
    void onCompiled(int done, int all);
}
