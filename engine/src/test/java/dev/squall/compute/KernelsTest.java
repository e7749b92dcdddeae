package dev.squall.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The contract of {@link Kernels}: the Vector API against the scalar oracle, at awkward sizes. */
class KernelsTest {
    private static final long SEED = Long.getLong("squall.test.seed", 20261122L);
    private static final int[] ELEMENT_COUNTS = {1, 7, 15, 16, 17, 31, 32, 33, 257};

    private final Kernels oracle = new ScalarKernels();
    private final Kernels vector = new VectorKernels();
    private final Kernels lanes = new LaneKernels();
    private final Tile tile = new Tile(Arena.ofAuto());
    private final Random random = new Random(SEED);

    static Stream<Arguments> matrixShapes() {
        return Stream.of(BlockType.values()).flatMap(type -> {
            int block = type.blockElements();
            int[] columnCounts = block == 1 ? ELEMENT_COUNTS : new int[] {block, 3 * block, Tile.COLUMNS + block};
            return IntStream.of(columnCounts).boxed().flatMap(columns -> Stream.of(1, 4, 7)
                    .map(rows -> Arguments.of(type, rows, columns)));
        });
    }

    @ParameterizedTest(name = "{0} {1} x {2}")
    @MethodSource("matrixShapes")
    void productsStayWithinTheStatedBoundOfExactSums(BlockType type, int rows, int columns) {
        try (Arena arena = Arena.ofConfined()) {
            WeightMatrix w = randomMatrix(arena, type, rows, columns);
            int count = 6;
            int[] xOffsets = IntStream.range(0, count).map(i -> 3 + i * columns).toArray();
            float[] values = floats(count * columns + 3);
            FloatRows x = rounded(vector, type, values, xOffsets, columns);
            FloatRows expected = rounded(oracle, type, values, xOffsets, columns);
            int[] yOffsets = IntStream.range(0, count).map(i -> i * rows).toArray();
            float[] y = new float[count * rows];
            vector.multiply(w, 0, rows, x, xOffsets, y, yOffsets, 0, count, tile);

            float[] decoded = new float[columns];
            for (int o = 0; o < rows; o++) {
                oracle.decodeRow(w, o, decoded, 0, tile);
                for (int i = 0; i < count; i++) {
                    double exact = 0;
                    double magnitude = 0;
                    for (int k = 0; k < columns; k++) {
                        double product = (double) decoded[k] * expected.values()[xOffsets[i] + k];
                        exact += product;
                        magnitude += Math.abs(product);
                    }
                    assertThat((double) y[yOffsets[i] + o])
                            .as("%s row %d of activations, output %d, seed %d", type, i, o, SEED)
                            .isCloseTo(exact, offset(columns * 0x1p-24 * magnitude + 1e-30));
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} {1} x {2}")
    @MethodSource("matrixShapes")
    void aRowsProductIsTheSameBitForBitWhateverIsComputedWithIt(BlockType type, int rows, int columns) {
        try (Arena arena = Arena.ofConfined()) {
            WeightMatrix w = randomMatrix(arena, type, rows, columns);
            int count = 9;
            int[] xOffsets = IntStream.range(0, count).map(i -> i * columns).toArray();
            FloatRows x = rounded(vector, type, floats(count * columns), xOffsets, columns);
            int[] yOffsets = IntStream.range(0, count).map(i -> i * rows).toArray();
            float[] together = new float[count * rows];
            vector.multiply(w, 0, rows, x, xOffsets, together, yOffsets, 0, count, tile);
            float[] laneByLane = new float[count * rows];
            lanes.multiply(w, 0, rows, x, xOffsets, laneByLane, yOffsets, 0, count, tile);
            assertThat(laneByLane).as("lane by lane, seed %d", SEED).containsExactly(together);

            for (int batch : new int[] {1, 2, 3, 4, 5}) {
                for (int chunk : new int[] {4, 8}) {
                    float[] apart = new float[count * rows];
                    for (int first = 0; first < count; first += batch) {
                        for (int from = 0; from < rows; from += chunk) {
                            vector.multiply(
                                    w,
                                    from,
                                    Math.min(rows, from + chunk),
                                    x,
                                    xOffsets,
                                    apart,
                                    yOffsets,
                                    first,
                                    Math.min(batch, count - first),
                                    tile);
                        }
                    }
                    assertThat(apart)
                            .as("%d rows a batch, seed %d", batch, SEED)
                            .containsExactly(together);
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} {1} x {2}")
    @MethodSource("matrixShapes")
    void decodesRowsToTheSameBitsAsTheOracle(BlockType type, int rows, int columns) {
        try (Arena arena = Arena.ofConfined()) {
            WeightMatrix w = randomMatrix(arena, type, rows, columns);
            float[] expected = new float[columns + 2];
            float[] actual = new float[columns + 2];
            for (int row = 0; row < rows; row++) {
                oracle.decodeRow(w, row, expected, 1, tile);
                vector.decodeRow(w, row, actual, 1, tile);
                assertThat(actual).as("seed %d", SEED).containsExactly(expected);
            }
        }
    }

    @Test
    void decodesEveryHalfPrecisionBitPattern() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(1 << 17, 64);
            for (int bits = 0; bits < 1 << 16; bits++) {
                data.setAtIndex(ValueLayout.JAVA_SHORT, bits, (short) bits);
            }
            float[] decoded = new float[1 << 16];
            vector.decodeRow(new WeightMatrix(BlockType.F16, data, 1, 1 << 16), 0, decoded, 0, tile);
            for (int bits = 0; bits < 1 << 16; bits++) {
                float expected = Float.float16ToFloat((short) bits);
                if (Float.isNaN(expected)) {
                    assertThat(decoded[bits]).as("bits %x", bits).isNaN();
                } else {
                    assertThat(Float.floatToRawIntBits(decoded[bits]))
                            .as("bits %x", bits)
                            .isEqualTo(Float.floatToRawIntBits(expected));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(ActivationPrecision.class)
    void roundsActivationsToTheSameValuesAsTheOracle(ActivationPrecision precision) {
        for (int blocks : new int[] {1, 2, 3, 17, 33}) {
            int n = blocks * precision.blockElements();
            for (float scale : new float[] {1, 1e-6f, 1e-9f, 3e4f, 1e6f}) {
                float[] x = floats(n + 1);
                for (int i = 0; i < x.length; i++) {
                    x[i] *= i % 11 == 0 ? 0 : scale;
                }
                FloatRows expected = roundable(n + 2);
                FloatRows actual = roundable(n + 2);
                oracle.round(precision, x, 1, n, expected, 2);
                vector.round(precision, x, 1, n, actual, 2);
                FloatRows laneByLane = roundable(n + 2);
                lanes.round(precision, x, 1, n, laneByLane, 2);
                assertThat(laneByLane.values()).containsExactly(actual.values());
                assertThat(laneByLane.blocks()).containsExactly(actual.blocks());
                assertEqualValues(natural(precision, actual, 2, n), natural(expected, 2, n));
                FloatRows inPlace = FloatRows.roundable(x, new int[1], x.length);
                vector.round(precision, x, 1, n, inPlace, 1);
                assertEqualValues(natural(precision, inPlace, 1, n), natural(expected, 2, n));
            }
        }
    }

    @Test
    void keepsTheSumsOfEachSixteenthOfABlock() {
        float[] x = floats(512);
        FloatRows expected = roundable(512);
        oracle.round(ActivationPrecision.BLOCKS_OF_256, x, 0, 512, expected, 0);
        FloatRows actual = roundable(512);
        vector.round(ActivationPrecision.BLOCKS_OF_256, x, 0, 512, actual, 0);
        for (int sixteenth = 0; sixteenth < 32; sixteenth++) {
            double sum = 0;
            for (int i = 0; i < 16; i++) {
                sum += expected.values()[16 * sixteenth + i];
            }
            int header = SuperBlocks.header(16 * sixteenth);
            int at = header + SuperBlocks.SIXTEENTHS + 8 * (sixteenth % 2) + sixteenth % 16 / 2;
            float d = actual.blocks()[header + SuperBlocks.SCALE];
            assertThat((double) actual.blocks()[at] * d)
                    .as("sixteenth %d, seed %d", sixteenth, SEED)
                    .isCloseTo(sum, offset(1e-5));
        }
    }

    @Test
    void roundsABlockOfZerosToZeros() {
        for (ActivationPrecision precision : ActivationPrecision.values()) {
            FloatRows y = FloatRows.roundable(floats(256), new int[1], 256);
            vector.round(precision, new float[256], 0, 256, y, 0);
            assertThat(y.values()).as("%s", precision).containsOnly(0f);
        }
    }

    @Test
    void normalisesWithinTheStatedBound() {
        for (int n : ELEMENT_COUNTS) {
            float[] x = floats(n + 5);
            float[] weight = floats(n);
            float[] expected = new float[n];
            float[] actual = new float[n];
            oracle.rmsNorm(x, 5, weight, n, 1e-6f, expected, 0);
            vector.rmsNorm(x, 5, weight, n, 1e-6f, actual, 0);
            float[] laneByLane = new float[n];
            lanes.rmsNorm(x, 5, weight, n, 1e-6f, laneByLane, 0);
            assertThat(laneByLane).containsExactly(actual);
            assertRelative(actual, expected, n * 0x1p-24 + 0x1p-22, 0);
        }
    }

    @Test
    void gatesWithinTheStatedBound() {
        for (int n : ELEMENT_COUNTS) {
            for (float scale : new float[] {1, 10, 60}) {
                float[] up = floats(n);
                float[] expected = floats(n);
                for (int i = 0; i < n; i++) {
                    expected[i] *= scale;
                }
                float[] actual = expected.clone();
                float[] laneByLane = expected.clone();
                lanes.swiglu(laneByLane, 0, up, 0, n);
                oracle.swiglu(expected, 0, up, 0, n);
                vector.swiglu(actual, 0, up, 0, n);
                assertThat(laneByLane).containsExactly(actual);
                assertRelative(actual, expected, 0x1p-20, 1e-35);
            }
        }
    }

    @Test
    void gatesClampedWithinTheStatedBound() {
        for (int n : ELEMENT_COUNTS) {
            for (float scale : new float[] {1, 10, 60}) {
                float[] up = floats(n);
                float[] expected = floats(n);
                for (int i = 0; i < n; i++) {
                    up[i] *= scale;
                    expected[i] *= scale;
                }
                float[] actual = expected.clone();
                float[] laneByLane = expected.clone();
                lanes.clampedSwiglu(laneByLane, 0, up, 0, n);
                oracle.clampedSwiglu(expected, 0, up, 0, n);
                vector.clampedSwiglu(actual, 0, up, 0, n);
                assertThat(laneByLane).containsExactly(actual);
                assertRelative(actual, expected, 0x1p-15, 1e-35);
            }
        }
    }

    @Test
    void theClampedGateHasTheConstantsOfGptOss() {
        float[] gate = {1, 100, -100, 0.5f};
        oracle.clampedSwiglu(gate, 0, new float[] {1, 100, -100, -9}, 0, 4);
        assertThat(gate[0]).isCloseTo(2 * 0.8458f, offset(1e-3f));
        assertThat(gate[1]).as("7 · (7 + 1)").isCloseTo(56, offset(1e-3f));
        assertThat(gate[2]).isCloseTo(0, offset(1e-30f));
        assertThat(gate[3]).as("0.5 · sigmoid(0.851) · (-7 + 1)").isCloseTo(-2.1024f, offset(1e-3f));
    }

    @Test
    void addsScaledVectors() {
        for (int n : ELEMENT_COUNTS) {
            float[] x = floats(n);
            float[] expected = floats(n);
            float[] actual = expected.clone();
            float[] laneByLane = expected.clone();
            lanes.addScaled(0.37f, x, 0, laneByLane, 0, n);
            oracle.addScaled(0.37f, x, 0, expected, 0, n);
            vector.addScaled(0.37f, x, 0, actual, 0, n);
            assertThat(laneByLane).containsExactly(actual);
            for (int i = 0; i < n; i++) {
                float magnitude = Math.abs(x[i]) + Math.abs(expected[i]);
                assertThat(actual[i]).isCloseTo(expected[i], offset(magnitude * 0x1p-22f));
            }
        }
    }

    @Test
    void attendsWithinOneThousandthOfTheLargestValue() {
        for (int headLength : new int[] {1, 16, 24, 72, 128}) {
            for (int positions : new int[] {1, 2, 15, 16, 17, 33, 100}) {
                try (KvCache cache = new KvCache(2, 2, positions, 2, headLength, headLength)) {
                    fill(cache, positions, headLength);
                    float[] query = queries(cache, 3, headLength);
                    float[] expected = attend(oracle, cache, positions, query, 0, 3, headLength);
                    float[] actual = attend(vector, cache, positions, query, 0, 3, headLength);
                    assertThat(attend(lanes, cache, positions, query, 0, 3, headLength))
                            .containsExactly(actual);
                    for (int i = 0; i < actual.length; i++) {
                        assertThat(actual[i])
                                .as("head of %d, %d positions, element %d, seed %d", headLength, positions, i, SEED)
                                .isCloseTo(expected[i], offset(0.004f));
                    }
                }
            }
        }
    }

    @Test
    void aHeadAttendsTheSameBitForBitWhateverHeadsShareItsKeys() {
        int heads = 9;
        for (int headLength : new int[] {16, 48, 128}) {
            for (int positions : new int[] {1, 31, 32, 33, 257}) {
                try (KvCache cache = new KvCache(2, 2, positions, 2, headLength, headLength)) {
                    fill(cache, positions, headLength);
                    float[] query = queries(cache, heads, headLength);
                    float[] together = attend(vector, cache, positions, query, 0, heads, headLength);
                    for (int g = 0; g < heads; g++) {
                        assertThat(attend(vector, cache, positions, query, g, 1, headLength))
                                .as("head %d of length %d, %d positions, seed %d", g, headLength, positions, SEED)
                                .containsExactly(Arrays.copyOfRange(together, g * headLength, (g + 1) * headLength));
                    }
                }
            }
        }
    }

    @Test
    void attendsToASpanWithSinks() {
        int headLength = 40;
        float[] sinks = {9, 9, -2, 0, 5, 40};
        try (KvCache cache = new KvCache(2, 2, 33, 2, headLength, headLength)) {
            fill(cache, 33, headLength);
            float[] query = queries(cache, 4, headLength);
            for (int first : new int[] {0, 1, 16, 32}) {
                KvCache.Span span = new KvCache.Span(cache, 1, 1, 1, first, 33);
                float[] expected = attend(oracle, span, query, 0, 4, headLength, sinks, 2);
                float[] actual = attend(vector, span, query, 0, 4, headLength, sinks, 2);
                assertThat(attend(lanes, span, query, 0, 4, headLength, sinks, 2))
                        .containsExactly(actual);
                for (int i = 0; i < actual.length; i++) {
                    assertThat(actual[i])
                            .as("positions from %d, element %d, seed %d", first, i, SEED)
                            .isCloseTo(expected[i], offset(0.004f));
                }
                for (int i = 3 * headLength; i < 4 * headLength; i++) {
                    assertThat(actual[i])
                            .as("a sink that takes all probability")
                            .isCloseTo(0, offset(1e-6f));
                }
            }
        }
    }

    private void fill(KvCache cache, int positions, int headLength) {
        for (int p = 0; p < positions; p++) {
            cache.putKey(1, 1, 1, p, floats(headLength), 0, headLength);
            cache.putValue(1, 1, 1, p, floats(headLength), 0, headLength);
        }
    }

    private float[] queries(KvCache cache, int heads, int headLength) {
        float[] query = new float[heads * cache.keyStride()];
        for (int g = 0; g < heads; g++) {
            System.arraycopy(floats(headLength), 0, query, g * cache.keyStride(), headLength);
        }
        return query;
    }

    private float[] attend(
            Kernels kernels, KvCache cache, int positions, float[] query, int first, int heads, int headLength) {
        KvCache.Span all = new KvCache.Span(cache, 1, 1, 1, 0, positions);
        return attend(kernels, all, query, first, heads, headLength, null, 0);
    }

    private float[] attend(
            Kernels kernels,
            KvCache.Span span,
            float[] query,
            int first,
            int heads,
            int headLength,
            float @Nullable [] sinks,
            int firstSink) {
        float[] out = new float[heads * headLength];
        float[] scratch = new float[heads * (span.positions() + span.cache().valueStride())];
        float scale = (float) (1 / Math.sqrt(headLength));
        int from = first * span.cache().keyStride();
        HeadGroup group = new HeadGroup(heads, headLength, scale);
        kernels.attend(span, group, query.clone(), from, sinks, firstSink, out, 0, scratch, tile);
        return out;
    }

    private static FloatRows roundable(int n) {
        return FloatRows.roundable(new float[n], new int[1], n);
    }

    /** Rows at the precision of products with a type, as these kernels keep it. */
    private static FloatRows rounded(Kernels kernels, BlockType type, float[] x, int[] offsets, int columns) {
        FloatRows rows = FloatRows.roundable(x.clone(), offsets, columns);
        for (int offset : offsets) {
            kernels.round(ActivationPrecision.with(type), x, offset, columns, rows, offset);
        }
        return rows;
    }

    private static float[] natural(FloatRows rows, int from, int n) {
        return Arrays.copyOfRange(rows.values(), from, from + n);
    }

    /** What the kernels' rounding stands for, in the order of elements. */
    private static float[] natural(ActivationPrecision precision, FloatRows rows, int from, int n) {
        if (precision != ActivationPrecision.BLOCKS_OF_256) {
            return natural(rows, from, n);
        }
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            int block = from + i / 256 * 256;
            float d = rows.blocks()[SuperBlocks.header(block) + SuperBlocks.SCALE];
            values[i] = rows.values()[block + SuperBlocks.position(i % 256)] * d;
        }
        return values;
    }

    private static void assertRelative(float[] actual, float[] expected, double relative, double absolute) {
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) actual[i])
                    .as("element %d of %d, seed %d", i, actual.length, SEED)
                    .isCloseTo(expected[i], offset(Math.max(Math.abs(expected[i]) * relative, absolute)));
        }
    }

    /** Bit for bit, but for the sign of zeros. */
    private static void assertEqualValues(float[] actual, float[] expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i] == expected[i])
                    .as("element %d is %s, expected %s, seed %d", i, actual[i], expected[i], SEED)
                    .isTrue();
        }
    }

    private float[] floats(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private WeightMatrix randomMatrix(Arena arena, BlockType type, int rows, int columns) {
        long rowBytes = type.rowBytes(columns);
        MemorySegment data = arena.allocate(rows * rowBytes, 2);
        for (int row = 0; row < rows; row++) {
            BlockCodec.encode(type, floats(columns), 0, columns, data, row * rowBytes);
        }
        return new WeightMatrix(type, data, rows, columns);
    }
}
