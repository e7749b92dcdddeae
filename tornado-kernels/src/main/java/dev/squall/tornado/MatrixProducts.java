package dev.squall.tornado;

import dev.squall.gguf.BlockType;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task12;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Chooses the kernel that goes with a block type. */
final class MatrixProducts {
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
            int outputs,
            int matrices) {
        return graph.task(
                id, kernel(type), context, call, weights, table, x, y, rows, columns, field, step, outputs, matrices);
    }

    private static Task12<
                    KernelContext,
                    IntArray,
                    ByteArray,
                    FloatArray,
                    FloatArray,
                    FloatArray,
                    Integer,
                    Integer,
                    Integer,
                    Integer,
                    Integer,
                    Integer>
            kernel(BlockType type) {
        return switch (type) {
            case F32 -> MatrixKernels::multiplyF32;
            case F16 -> MatrixKernels::multiplyF16;
            case BF16 -> MatrixKernels::multiplyBF16;
            case Q4_0 -> BlockKernels::multiplyQ4_0;
            case Q4_1 -> BlockKernels::multiplyQ4_1;
            case Q5_0 -> BlockKernels::multiplyQ5_0;
            case Q5_1 -> BlockKernels::multiplyQ5_1;
            case Q8_0 -> BlockKernels::multiplyQ8_0;
            case Q2_K -> TwoBitKernels::multiplyQ2_K;
            case Q3_K -> TwoBitKernels::multiplyQ3_K;
            case Q4_K -> SuperBlockKernels::multiplyQ4_K;
            case Q5_K -> SuperBlockKernels::multiplyQ5_K;
            case Q6_K -> SuperBlockKernels::multiplyQ6_K;
            case IQ4_NL -> BlockKernels::multiplyIQ4_NL;
            case IQ4_XS -> SuperBlockKernels::multiplyIQ4_XS;
            case MXFP4 -> BlockKernels::multiplyMXFP4;
        };
    }
}
