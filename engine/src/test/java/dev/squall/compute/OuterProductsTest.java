package dev.squall.compute;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.gguf.BlockType;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of many rows of activations with super-blocks of any bytes, against the same sums lane by lane. */
class OuterProductsTest {
    private static final long SEED = Long.getLong("squall.test.seed", 20261126);
    private static final int COLUMNS = 768;
    private static final int ROWS_MAX = 2 * ColumnTile.ROWS + 5;
    private static final int COUNT_MAX = Tile.ACTIVATION_ROWS + 18;

    static Stream<BlockType> superBlocks() {
        return Stream.of(BlockType.values()).filter(SuperBlockCodec::has);
    }

    @ParameterizedTest
    @MethodSource("superBlocks")
    void manyRowsGiveTheBitsOfLanesWhateverTheTilesLeaveOver(BlockType type) {
        Random random = new Random(SEED);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(ROWS_MAX * type.rowBytes(COLUMNS), 2);
            for (int i = 0; i < data.byteSize(); i++) {
                data.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
            }
            for (long block = 0; block < data.byteSize(); block += type.rowBytes(SuperBlocks.ELEMENTS)) {
                for (int scale : SuperBlockStreamsTest.scales(type)) {
                    short half = Float.floatToFloat16(random.nextFloat() - 0.5f);
                    data.set(ValueLayout.JAVA_SHORT_UNALIGNED, block + scale, half);
                }
            }
            float[] x = new float[COUNT_MAX * COLUMNS];
            for (int i = 0; i < x.length; i++) {
                x[i] = i < 20 * COLUMNS ? 127 - 254 * random.nextInt(2) : (float) random.nextGaussian();
            }
            for (int rows : new int[] {31, 32, 33, ROWS_MAX}) {
                for (int count : new int[] {2, 3, 4, 5, 31, Tile.ACTIVATION_ROWS, COUNT_MAX}) {
                    MemorySegment some = data.asSlice(0, rows * type.rowBytes(COLUMNS));
                    WeightMatrix w = new WeightMatrix(type, some, rows, COLUMNS);
                    assertThat(product(new VectorKernels(), w, x, count, arena))
                            .as("%s, %d rows, %d of activations, seed %d", type, rows, count, SEED)
                            .containsExactly(product(new LaneKernels(), w, x, count, arena));
                }
            }
        }
    }

    private static float[] product(Kernels kernels, WeightMatrix w, float[] x, int count, Arena arena) {
        FloatRows rounded = FloatRows.roundable(count, COLUMNS);
        float[] some = Arrays.copyOf(x, count * COLUMNS);
        kernels.round(ActivationPrecision.BLOCKS_OF_256, some, 0, some.length, rounded, 0);
        float[] y = new float[count * w.rows()];
        int[] yOffsets = FloatRows.multiples(w.rows(), count);
        kernels.multiply(w, 0, w.rows(), rounded, rounded.offsets(), y, yOffsets, 0, count, new Tile(arena));
        return y;
    }
}
