package dev.squall.compute;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.gguf.BlockType;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.function.IntToLongFunction;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of one row of activations with super-blocks of any bytes, against the same sums lane by lane. */
class SuperBlockStreamsTest {
    private static final int COLUMNS = 768;
    private static final int ROWS = 5;

    static Stream<BlockType> superBlocks() {
        return Stream.of(BlockType.values()).filter(SuperBlockCodec::has);
    }

    @ParameterizedTest
    @MethodSource("superBlocks")
    void sixteenBitsHoldTheSumsOfTheLargestQuantsAndActivations(BlockType type) {
        Random random = new Random(20261126);
        List<IntToLongFunction> fillings =
                List.of(i -> 0xff, i -> 0, i -> i % 2 == 0 ? 0xff : 0, i -> 0x80, i -> 0x7f, i -> random.nextInt());
        List<IntToLongFunction> activations = List.of(
                i -> 127,
                i -> -127,
                i -> i % 2 == 0 ? 127 : -127,
                i -> random.nextBoolean() ? 127 : -127,
                i -> i % 128);
        for (IntToLongFunction filling : fillings) {
            for (IntToLongFunction activation : activations) {
                assertSameBits(type, filling, activation);
            }
        }
    }

    private static void assertSameBits(BlockType type, IntToLongFunction filling, IntToLongFunction activation) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(ROWS * type.rowBytes(COLUMNS), 2);
            for (int i = 0; i < data.byteSize(); i++) {
                data.set(ValueLayout.JAVA_BYTE, i, (byte) filling.applyAsLong(i));
            }
            for (long block = 0; block < data.byteSize(); block += type.rowBytes(SuperBlocks.ELEMENTS)) {
                for (int scale : scales(type)) {
                    data.set(ValueLayout.JAVA_SHORT_UNALIGNED, block + scale, Float.floatToFloat16(0.37f));
                }
            }
            WeightMatrix w = new WeightMatrix(type, data, ROWS, COLUMNS);
            float[] x = new float[COLUMNS];
            for (int i = 0; i < COLUMNS; i++) {
                x[i] = activation.applyAsLong(i);
            }
            assertThat(product(new VectorKernels(), w, x, arena))
                    .containsExactly(product(new LaneKernels(), w, x, arena));
        }
    }

    private static float[] product(Kernels kernels, WeightMatrix w, float[] x, Arena arena) {
        FloatRows rounded = FloatRows.roundable(1, COLUMNS);
        kernels.round(ActivationPrecision.BLOCKS_OF_256, x, 0, COLUMNS, rounded, 0);
        float[] y = new float[ROWS];
        kernels.multiply(w, 0, ROWS, rounded, rounded.offsets(), y, new int[1], 0, 1, new Tile(arena));
        return y;
    }

    /** Where a block has half-precision floats. */
    static int[] scales(BlockType type) {
        return switch (type) {
            case Q2_K -> new int[] {80, 82};
            case Q3_K -> new int[] {108};
            case Q4_K, Q5_K -> new int[] {0, 2};
            case Q6_K -> new int[] {208};
            case IQ4_XS -> new int[] {0};
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> throw new AssertionError(type);
        };
    }
}
