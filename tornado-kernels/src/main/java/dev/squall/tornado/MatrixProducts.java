package dev.squall.tornado;

import dev.squall.gguf.BlockType;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task13;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Chooses the kernel that goes with a block type. */
final class MatrixProducts {
    private static final int SUPER_BLOCK = 256;

    private MatrixProducts() {}

    /**
     * What a product reads and writes.
     *
     * @param call starts and counts of this call; see {@link MatrixKernels}
     * @param headers what goes with activations that are rounded in blocks of 256
     */
    record Operands(
            IntArray call, ByteArray weights, FloatArray table, FloatArray x, FloatArray headers, FloatArray y) {}

    /**
     * The numbers that {@link MatrixKernels} describes.
     *
     * @param lanes of a product with types other than super-blocks
     */
    record Shape(int rows, int columns, int field, int step, int outputs, int matrices, int lanes) {}

    /** Adds a product to a graph. */
    static TaskGraph add(TaskGraph graph, String id, BlockType type, KernelContext context, Operands a, Shape s) {
        return switch (type) {
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 ->
                graph.task(
                        id,
                        kernel(type),
                        context,
                        a.call,
                        a.weights,
                        a.table,
                        a.x,
                        a.y,
                        s.rows,
                        s.columns,
                        s.field,
                        s.step,
                        s.outputs,
                        s.matrices,
                        s.lanes);
            case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS ->
                graph.task(
                        id,
                        superBlockKernel(type),
                        context,
                        a.call,
                        a.weights,
                        a.table,
                        a.x,
                        a.headers,
                        a.y,
                        s.rows,
                        s.columns,
                        s.field,
                        s.step,
                        s.outputs,
                        s.matrices);
        };
    }

    /** Sums that a product with a type is taken in, of which each has a work-item where a group is large enough. */
    static int lanes(BlockType type, int lanes) {
        return type.blockElements() == SUPER_BLOCK ? SuperBlockKernels.LANES : lanes;
    }

    private static Task13<
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
            case IQ4_NL -> BlockKernels::multiplyIQ4_NL;
            case MXFP4 -> BlockKernels::multiplyMXFP4;
            case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS -> throw new AssertionError(type);
        };
    }

    private static Task13<
                    KernelContext,
                    IntArray,
                    ByteArray,
                    FloatArray,
                    FloatArray,
                    FloatArray,
                    FloatArray,
                    Integer,
                    Integer,
                    Integer,
                    Integer,
                    Integer,
                    Integer>
            superBlockKernel(BlockType type) {
        return switch (type) {
            case Q2_K -> TwoBitKernels::multiplyQ2_K;
            case Q3_K -> TwoBitKernels::multiplyQ3_K;
            case Q4_K -> SuperBlockKernels::multiplyQ4_K;
            case Q5_K -> SuperBlockKernels::multiplyQ5_K;
            case Q6_K -> SuperBlockKernels::multiplyQ6_K;
            case IQ4_XS -> SuperBlockKernels::multiplyIQ4_XS;
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> throw new AssertionError(type);
        };
    }
}
