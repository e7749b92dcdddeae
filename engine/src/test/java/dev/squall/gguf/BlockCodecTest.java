package dev.squall.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BlockCodecTest {
    private static final long SEED = Long.getLong("squall.test.seed", 20_261_122L);

    @Test
    void decodesHandMadeBlocks() {
        assertThat(decode(BlockType.F32, 0, 0, 0x80, 0x3f)).containsExactly(1f);
        assertThat(decode(BlockType.F16, 0x00, 0xc0)).containsExactly(-2f);
        assertThat(decode(BlockType.F16, 0x01, 0x00)).containsExactly(0x1p-24f);
        assertThat(decode(BlockType.BF16, 0x80, 0x3f)).containsExactly(1f);

        int[] q8 = new int[34];
        q8[1] = 0x38; // d = 0.5
        q8[2] = 0x80;
        q8[33] = 0x7f;
        assertThat(decode(BlockType.Q8_0, q8)).startsWith(-64f, 0f).endsWith(63.5f);

        int[] q4 = new int[18];
        q4[1] = 0x3c; // d = 1
        q4[2] = 0x0f;
        q4[17] = 0xa8;
        float[] q4Values = decode(BlockType.Q4_0, q4);
        assertThat(q4Values[0]).isEqualTo(7f);
        assertThat(q4Values[16]).isEqualTo(-8f);
        assertThat(q4Values[15]).isEqualTo(0f);
        assertThat(q4Values[31]).isEqualTo(2f);

        int[] mxfp4 = new int[17];
        mxfp4[0] = 127; // 2^0
        mxfp4[1] = 0xf7;
        mxfp4[16] = 0x91;
        float[] mxfp4Values = decode(BlockType.MXFP4, mxfp4);
        assertThat(mxfp4Values[0]).isEqualTo(6f);
        assertThat(mxfp4Values[16]).isEqualTo(-6f);
        assertThat(mxfp4Values[15]).isEqualTo(0.5f);
        assertThat(mxfp4Values[31]).isEqualTo(-0.5f);
    }

    /** The bounds of {@link BlockCodec}'s table, with a for the magnitude and r for the range of each block. */
    @ParameterizedTest
    @CsvSource({
        "F32, 0, 0",
        "F16, 4.8828125e-4, 0",
        "BF16, 3.90625e-3, 0",
        "Q8_0, 4.42529e-3, 0",
        "Q4_0, 0.12548829, 0",
        "Q4_1, 4.8828125e-4, 0.03382162",
        "Q5_0, 0.06298829, 0",
        "Q5_1, 4.8828125e-4, 0.01661732",
        "MXFP4, 0.5, 0"
    })
    void keepsEveryElementWithinItsErrorBound(BlockType type, double ofMagnitude, double ofRange) {
        Random random = new Random(SEED);
        for (int round = 0; round < 500; round++) {
            float[] values = new float[type.blockElements()];
            float magnitude = 0;
            float min = Float.POSITIVE_INFINITY;
            float max = Float.NEGATIVE_INFINITY;
            double spread = Math.scalb(1.0, random.nextInt(-4, 5));
            double shift = round % 2 == 0 ? 0 : random.nextGaussian();
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (spread * (random.nextGaussian() + shift));
                magnitude = Math.max(magnitude, Math.abs(values[i]));
                min = Math.min(min, values[i]);
                max = Math.max(max, values[i]);
            }
            float[] decoded = throughBlocks(type, values);
            double bound = ofMagnitude * magnitude + ofRange * ((double) max - min) + 0x1p-25;
            for (int i = 0; i < values.length; i++) {
                assertThat(Math.abs((double) decoded[i] - values[i]))
                        .as("seed %d round %d element %d", SEED, round, i)
                        .isLessThanOrEqualTo(bound);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"Q2_K, 0.30", "Q3_K, 0.16", "Q4_K, 0.08", "Q5_K, 0.04", "Q6_K, 0.02", "IQ4_NL, 0.08", "IQ4_XS, 0.08"})
    void keepsNormalDataWithinARelativeError(BlockType type, double bound) {
        Random random = new Random(SEED);
        float[] values = new float[64 * 256];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.02 * random.nextGaussian());
        }
        float[] decoded = throughBlocks(type, values);
        double error = 0;
        double power = 0;
        for (int i = 0; i < values.length; i++) {
            error += Math.pow((double) decoded[i] - values[i], 2);
            power += Math.pow(values[i], 2);
        }
        assertThat(Math.sqrt(error / power)).as("seed %d", SEED).isLessThan(bound);
    }

    @ParameterizedTest
    @EnumSource
    void encodesZerosAndConstantsAndTinyNumbers(BlockType type) {
        int elements = 2 * type.blockElements();
        for (float constant : new float[] {0, 1, -1, 1e-30f, -Float.MIN_VALUE}) {
            float[] values = new float[elements];
            Arrays.fill(values, constant);
            for (float decoded : throughBlocks(type, values)) {
                assertThat((double) decoded)
                        .as("%s", constant)
                        .isCloseTo(constant, within(Math.abs(constant) * 0.05 + 1e-20));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsAndWritesAtAnyOffset(BlockType type) {
        Random random = new Random(SEED);
        int elements = 3 * type.blockElements();
        int bytes = 3 * type.blockBytes();
        float[] values = new float[elements + 7];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        MemorySegment blocks = MemorySegment.ofArray(new byte[bytes + 5]);
        blocks.fill((byte) 0x55);
        BlockCodec.encode(type, values, 7, elements, blocks, 3);
        assertThat(LittleEndian.unsigned8(blocks, 2)).isEqualTo(0x55);
        assertThat(LittleEndian.unsigned8(blocks, bytes + 3)).isEqualTo(0x55);

        float[] whole = new float[elements];
        BlockCodec.decode(type, blocks, 3, whole, 0, elements);
        float[] last = new float[type.blockElements() + 2];
        BlockCodec.decode(type, blocks, 3 + 2L * type.blockBytes(), last, 1, type.blockElements());
        assertThat(last[0]).isZero();
        assertThat(last[last.length - 1]).isZero();
        for (int i = 0; i < type.blockElements(); i++) {
            assertThat(last[1 + i]).isEqualTo(whole[2 * type.blockElements() + i]);
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesToReachOutOfItsArguments(BlockType type) {
        int elements = type.blockElements();
        MemorySegment block = MemorySegment.ofArray(new byte[type.blockBytes()]);
        assertThatThrownBy(() -> BlockCodec.decode(type, block, 1, new float[elements], 0, elements))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> BlockCodec.decode(type, block, 0, new float[elements], 1, elements))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> BlockCodec.encode(type, new float[elements], 0, elements, block, -1))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> BlockCodec.encode(type, new float[elements], 0, -elements, block, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesNumbersThatATypeCannotHold() {
        assertThatThrownBy(() -> throughBlocks(BlockType.F16, new float[] {70_000}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("number or scale to encode: 70000.0, expected one that a half float can hold");
        assertThatThrownBy(() -> throughBlocks(BlockType.Q8_0, filled(32, Float.MAX_VALUE)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> throughBlocks(BlockType.Q4_K, filled(256, Float.NaN)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("element 0 to encode as Q4_K: NaN, expected a finite number");
        assertThat(throughBlocks(BlockType.F16, new float[] {Float.NEGATIVE_INFINITY, Float.NaN}))
                .containsExactly(Float.NEGATIVE_INFINITY, Float.NaN);
        assertThat(throughBlocks(BlockType.BF16, new float[] {Float.NEGATIVE_INFINITY, Float.NaN}))
                .containsExactly(Float.NEGATIVE_INFINITY, Float.NaN);
    }

    private static float[] filled(int elements, float value) {
        float[] values = new float[elements];
        Arrays.fill(values, value);
        return values;
    }

    private static float[] throughBlocks(BlockType type, float[] values) {
        MemorySegment blocks = MemorySegment.ofArray(new byte[(int) type.rowBytes(values.length)]);
        BlockCodec.encode(type, values, 0, values.length, blocks, 0);
        float[] decoded = new float[values.length];
        BlockCodec.decode(type, blocks, 0, decoded, 0, decoded.length);
        return decoded;
    }

    private static float[] decode(BlockType type, int... bytes) {
        byte[] block = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            block[i] = (byte) bytes[i];
        }
        float[] decoded = new float[type.blockElements()];
        BlockCodec.decode(type, MemorySegment.ofArray(block), 0, decoded, 0, decoded.length);
        return decoded;
    }
}
