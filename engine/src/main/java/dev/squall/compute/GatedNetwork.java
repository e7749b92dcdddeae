package dev.squall.compute;

import dev.squall.model.ExpertWeights;
import dev.squall.model.Projection;

/** A feed-forward network that every row uses: a shared expert, or that of a dense layer. F inner width. */
final class GatedNetwork {
    private final ParallelKernels parallel;
    /** R x E. */
    private final FloatRows rounded;
    /** R x F. */
    private final FloatRows gates;
    /** R x F. */
    private final FloatRows ups;

    GatedNetwork(int rowsMax, int width, int inner, ParallelKernels parallel) {
        this.parallel = parallel;
        rounded = FloatRows.roundable(rowsMax, width);
        gates = FloatRows.roundable(rowsMax, inner);
        ups = FloatRows.of(rowsMax, inner);
    }

    /** {@code output = down · (silu(gate · input) * (up · input))}, the first {@code count} rows. */
    void run(ExpertWeights weights, FloatRows input, FloatRows output, int count) {
        parallel.project(
                input,
                rounded,
                count,
                new Projection[] {new Projection(weights.gate(), null), new Projection(weights.up(), null)},
                new FloatRows[] {gates, ups});
        parallel.forEachRow(count, (long) count * gates.width() * 8, row -> parallel.kernels()
                .swiglu(gates.values(), gates.at(row), ups.values(), ups.at(row), gates.width()));
        parallel.project(gates, gates, count, new Projection(weights.down(), null), output);
    }
}
