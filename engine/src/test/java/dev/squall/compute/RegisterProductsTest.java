package dev.squall.compute;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.gguf.BlockType;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Products of one row of activations with weights at the edges of their formats. */
class RegisterProductsTest {
    private static final int COLUMNS = 70;
    private static final int ROWS = 4;

    private static final short SUBNORMAL = 0x0155;
    private static final short ONE = 0x3c00;
    private static final short GREATEST = 0x7bff;
    private static final short INFINITY = 0x7c00;

    @Test
    void subnormalAndGreatestHalvesAreMultipliedExactly() {
        assertThat(products(SUBNORMAL, (short) (SUBNORMAL | 0x8000), GREATEST, (short) (GREATEST | 0x8000)))
                .doesNotContain(Float.NaN)
                .containsExactly(
                        laneByLane(SUBNORMAL, (short) (SUBNORMAL | 0x8000), GREATEST, (short) (GREATEST | 0x8000)));
    }

    @Test
    void anInfiniteHalfMakesItsRowInfiniteAndNoOther() {
        float[] y = products(ONE, INFINITY, ONE, ONE);
        assertThat(y[1]).isInfinite();
        assertThat(y).containsExactly(laneByLane(ONE, INFINITY, ONE, ONE));
    }

    private static float[] products(short... weightsOfRow) {
        return products(new VectorKernels(), weightsOfRow);
    }

    private static float[] laneByLane(short... weightsOfRow) {
        return products(new LaneKernels(), weightsOfRow);
    }

    /** Rows of one weight each times activations from 65504 downwards. */
    private static float[] products(Kernels kernels, short... weightsOfRow) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(2L * ROWS * COLUMNS, 2);
            for (int i = 0; i < ROWS * COLUMNS; i++) {
                data.setAtIndex(ValueLayout.JAVA_SHORT, i, weightsOfRow[i / COLUMNS]);
            }
            float[] x = new float[COLUMNS];
            for (int i = 0; i < COLUMNS; i++) {
                x[i] = 65504f / (1 + i);
            }
            FloatRows rounded = FloatRows.roundable(1, COLUMNS);
            kernels.round(ActivationPrecision.FLOAT16, x, 0, COLUMNS, rounded, 0);
            float[] y = new float[ROWS];
            WeightMatrix w = new WeightMatrix(BlockType.F16, data, ROWS, COLUMNS);
            kernels.multiply(w, 0, ROWS, rounded, rounded.offsets(), y, new int[1], 0, 1, new Tile(arena));
            return y;
        }
    }
}
