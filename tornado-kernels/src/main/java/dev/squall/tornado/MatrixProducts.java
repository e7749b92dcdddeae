package dev.squall.tornado;

import dev.squall.gguf.BlockType;
import java.util.EnumSet;
import java.util.Set;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Chooses the kernel of {@link MatrixKernels} that goes with a block type. */
final class MatrixProducts {
    /** The types that there are kernels for. */
    static final Set<BlockType> TYPES =
            EnumSet.of(BlockType.F32, BlockType.F16, BlockType.Q8_0, BlockType.Q4_0, BlockType.Q4_K, BlockType.Q6_K);

    private MatrixProducts() {}

    /** Adds a product to a graph; the numbers are those that {@link MatrixKernels} describes. */
    static TaskGraph add(
            TaskGraph graph,
            String id,
            BlockType type,
            KernelContext context,
            IntArray call,
            ByteArray weights,
            FloatArray table,
            FloatArray x,
            FloatArray y,
            int rows,
            int columns,
            int field,
            int step,
            int outputs) {
        return switch (type) {
            case F32 ->
                graph.task(
                        id,
                        MatrixKernels::multiplyF32,
                        context,
                        call,
                        weights,
                        table,
                        x,
                        y,
                        rows,
                        columns,
                        field,
                        step,
                        outputs);
            case F16 ->
                graph.task(
                        id,
                        MatrixKernels::multiplyF16,
                        context,
                        call,
                        weights,
                        table,
                        x,
                        y,
                        rows,
                        columns,
                        field,
                        step,
                        outputs);
            case Q8_0 ->
                graph.task(
                        id,
                        MatrixKernels::multiplyQ8_0,
                        context,
                        call,
                        weights,
                        table,
                        x,
                        y,
                        rows,
                        columns,
                        field,
                        step,
                        outputs);
            case Q4_0 ->
                graph.task(
                        id,
                        MatrixKernels::multiplyQ4_0,
                        context,
                        call,
                        weights,
                        table,
                        x,
                        y,
                        rows,
                        columns,
                        field,
                        step,
                        outputs);
            case Q4_K ->
                graph.task(
                        id,
                        MatrixKernels::multiplyQ4_K,
                        context,
                        call,
                        weights,
                        table,
                        x,
                        y,
                        rows,
                        columns,
                        field,
                        step,
                        outputs);
            case Q6_K ->
                graph.task(
                        id,
                        MatrixKernels::multiplyQ6_K,
                        context,
                        call,
                        weights,
                        table,
                        x,
                        y,
                        rows,
                        columns,
                        field,
                        step,
                        outputs);
            case BF16, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q5_K, IQ4_NL, IQ4_XS, MXFP4 ->
                throw new IllegalArgumentException("block type " + type + ", expected one of " + TYPES);
        };
    }
}
