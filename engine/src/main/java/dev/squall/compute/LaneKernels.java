package dev.squall.compute;

import static dev.squall.compute.VectorMath.LANES;

import dev.squall.gguf.BlockCodec;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * {@link VectorKernels} lane by lane in plain Java: the same operations in the same order, so the same bits. A JVM that
 * has just started interprets vector code hundreds of times more slowly than it will run it, but compiles these loops
 * within milliseconds; {@link WarmingKernels} begins with them.
 */
final class LaneKernels implements Kernels {

    @Override
    public String description() {
        return "lane by lane";
    }

    @Override
    public void decodeRow(WeightMatrix w, int row, float[] out, int outOffset, Tile tile) {
        BlockCodec.decode(w.type(), w.data(), row * w.rowBytes(), out, outOffset, w.columns());
    }

    @Override
    public void multiply(
            WeightMatrix w,
            int from,
            int to,
            FloatRows x,
            int[] xOffsets,
            float[] y,
            int[] yOffsets,
            int first,
            int count,
            Tile tile) {
        if (SuperBlockCodec.has(w.type())) {
            multiplySuperBlocks(w, from, to, x, xOffsets, y, yOffsets, first, count, tile);
            return;
        }
        int columns = w.columns();
        float[] weights = new float[columns];
        for (int o = from; o < to; o++) {
            decodeRow(w, o, weights, 0, tile);
            for (int i = first; i < first + count; i++) {
                y[yOffsets[i] + o] = dot(weights, 0, x.values(), xOffsets[i], columns, tile.sums, 0);
            }
        }
    }

    private static void multiplySuperBlocks(
            WeightMatrix w,
            int from,
            int to,
            FloatRows x,
            int[] xOffsets,
            float[] y,
            int[] yOffsets,
            int first,
            int count,
            Tile tile) {
        float[] weights = new float[SuperBlocks.ELEMENTS];
        float[] header = new float[SuperBlockCodec.HEADER];
        for (int o = from; o < to; o++) {
            Arrays.fill(tile.sums, 0, count * SuperBlocks.SUMS, 0f);
            for (int k = 0; k < w.columns(); k += SuperBlocks.ELEMENTS) {
                long at = o * w.rowBytes() + w.type().rowBytes(k);
                SuperBlockCodec.decode(w.type(), w.data(), at, weights, 0, header, 0);
                for (int i = 0; i < count; i++) {
                    addBlock(weights, header, x, xOffsets[first + i] + k, tile.sums, i * SuperBlocks.SUMS);
                }
            }
            for (int i = 0; i < count; i++) {
                y[yOffsets[first + i] + o] = SuperBlocks.sum(tile.sums, i * SuperBlocks.SUMS);
            }
        }
    }

    /** Adds a block's product to eight sums. */
    private static void addBlock(float[] weights, float[] header, FloatRows x, int at, float[] sums, int to) {
        int activations = SuperBlocks.header(at);
        float scale = x.blocks()[activations + SuperBlocks.SCALE];
        float d = header[SuperBlockCodec.SCALE] * scale;
        float dMin = -(header[SuperBlockCodec.SCALE + 1] * scale);
        for (int lane = 0; lane < SuperBlocks.SUMS; lane++) {
            float sum = 0;
            for (int i = lane; i < SuperBlocks.ELEMENTS; i += SuperBlocks.SUMS) {
                sum += weights[i] * x.values()[at + i];
            }
            int sixteenth = activations + SuperBlocks.SIXTEENTHS + lane;
            float minima = header[lane] * x.blocks()[sixteenth]
                    + header[SuperBlocks.SUMS + lane] * x.blocks()[sixteenth + SuperBlocks.SUMS];
            sums[to + lane] = Math.fma(minima, dMin, Math.fma(sum, d, sums[to + lane]));
        }
    }

    /** Σ a·b of n elements, with room for {@link VectorMath#LANES} sums in {@code lanes}. */
    static float dot(float[] a, int aOffset, float[] b, int bOffset, int n, float[] lanes, int lanesOffset) {
        Arrays.fill(lanes, lanesOffset, lanesOffset + LANES, 0f);
        int whole = n - n % LANES;
        for (int k = 0; k < whole; k += LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                lanes[lanesOffset + lane] =
                        Math.fma(a[aOffset + k + lane], b[bOffset + k + lane], lanes[lanesOffset + lane]);
            }
        }
        float sum = VectorMath.sumLanes(lanes, lanesOffset);
        for (int k = whole; k < n; k++) {
            sum = Math.fma(a[aOffset + k], b[bOffset + k], sum);
        }
        return sum;
    }

    @Override
    public void rmsNorm(float[] x, int xOffset, float[] weight, int n, float epsilon, float[] y, int yOffset) {
        float sum = dot(x, xOffset, x, xOffset, n, new float[LANES], 0);
        float scale = (float) (1 / Math.sqrt(sum / n + epsilon));
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = x[xOffset + i] * scale * weight[i];
        }
    }

    @Override
    public void round(ActivationPrecision precision, float[] x, int xOffset, int n, FloatRows y, int yOffset) {
        round(precision, x, xOffset, n, y.values(), yOffset);
        if (precision == ActivationPrecision.BLOCKS_OF_256) {
            for (int block = 0; block < n; block += SuperBlocks.ELEMENTS) {
                roundBlockOf256(x, xOffset + block, y, yOffset + block);
            }
        }
    }

    private static void round(ActivationPrecision precision, float[] x, int xOffset, int n, float[] y, int yOffset) {
        switch (precision) {
            case FLOAT32 -> System.arraycopy(x, xOffset, y, yOffset, n);
            case FLOAT16 -> {
                for (int i = 0; i < n; i++) {
                    y[yOffset + i] = Float.float16ToFloat(Float.floatToFloat16(x[xOffset + i]));
                }
            }
            case BFLOAT16 -> {
                for (int i = 0; i < n; i++) {
                    int bits = Float.floatToRawIntBits(x[xOffset + i]);
                    y[yOffset + i] = Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
                }
            }
            case BLOCKS_OF_32 -> {
                for (int block = 0; block < n; block += 32) {
                    roundBlockOf32(x, xOffset + block, y, yOffset + block);
                }
            }
            case BLOCKS_OF_256 -> {}
        }
    }

    private static void roundBlockOf32(float[] x, int xOffset, float[] y, int yOffset) {
        float max = 0;
        for (int i = 0; i < 32; i++) {
            max = Math.max(max, Math.abs(x[xOffset + i]));
        }
        float inverse = max == 0 ? 0 : 127 / max;
        float d = Float.float16ToFloat(Float.floatToFloat16(max / 127));
        for (int i = 0; i < 32; i++) {
            y[yOffset + i] = VectorMath.rint(x[xOffset + i] * inverse) * d;
        }
    }

    private static void roundBlockOf256(float[] x, int xOffset, FloatRows y, int yOffset) {
        float max = 0;
        for (int i = 0; i < 256; i++) {
            if (Math.abs(x[xOffset + i]) > Math.abs(max)) {
                max = x[xOffset + i];
            }
        }
        float inverse = max == 0 ? 0 : -127 / max;
        float d = max == 0 ? 0 : 1 / inverse;
        float[] rounded = new float[SuperBlocks.ELEMENTS];
        for (int i = 0; i < 256; i++) {
            rounded[i] = Math.min(127, VectorMath.rint(x[xOffset + i] * inverse));
        }
        float[] headers = y.blocks();
        int header = SuperBlocks.header(yOffset);
        for (int l = 0; l < SuperBlocks.SUMS; l++) {
            float even = 0;
            float odd = 0;
            for (int i = 0; i < 16; i++) {
                even += rounded[32 * l + i];
                odd += rounded[32 * l + 16 + i];
            }
            headers[header + SuperBlocks.SIXTEENTHS + l] = even;
            headers[header + SuperBlocks.SIXTEENTHS + SuperBlocks.SUMS + l] = odd;
            headers[header + SuperBlocks.EIGHTHS + l] = even + odd;
        }
        headers[header + SuperBlocks.SCALE] = d;
        for (int i = 0; i < 256; i++) {
            y.values()[yOffset + SuperBlocks.position(i)] = rounded[i];
        }
    }

    @Override
    public void swiglu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i++) {
            float g = gate[gateOffset + i];
            gate[gateOffset + i] = g / (VectorMath.exp(-g) + 1) * up[upOffset + i];
        }
    }

    @Override
    public void clampedSwiglu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i++) {
            float g = Math.min(gate[gateOffset + i], SWIGLU_LIMIT);
            float u = Math.max(Math.min(up[upOffset + i], SWIGLU_LIMIT), -SWIGLU_LIMIT) + 1;
            gate[gateOffset + i] = g / (VectorMath.exp(g * -SWIGLU_ALPHA) + 1) * u;
        }
    }

    @Override
    public void addScaled(float scale, float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = Math.fma(x[xOffset + i], scale, y[yOffset + i]);
        }
    }

    @Override
    public void attend(
            KvCache.Span span,
            HeadGroup group,
            float[] query,
            int queryOffset,
            float @Nullable [] sinks,
            int sinksOffset,
            float[] out,
            int outOffset,
            float[] scratch,
            Tile tile) {
        KvCache cache = span.cache();
        int positions = span.positions();
        int keyStride = cache.keyStride();
        long keys = span.keyOffset();
        long values = span.valueOffset();
        int queryLength = group.size() * keyStride;
        round(ActivationPrecision.FLOAT16, query, queryOffset, queryLength, query, queryOffset);
        float[] vector = new float[Math.max(keyStride, cache.valueStride())];
        float[] lanes = new float[LANES];
        for (int g = 0; g < group.size(); g++) {
            int scores = g * positions;
            for (int p = 0; p < positions; p++) {
                load(cache.keys(), keys + 2L * p * keyStride, keyStride, vector);
                int q = queryOffset + g * keyStride;
                scratch[scores + p] = dot(vector, 0, query, q, keyStride, lanes, 0) * group.scale();
            }
            float sink = sinks == null ? Float.NEGATIVE_INFINITY : sinks[sinksOffset + g];
            softmax(scratch, scores, positions, sink, lanes);
            round(ActivationPrecision.FLOAT16, scratch, scores, positions, scratch, scores);
            int mix = outOffset + g * group.valueLength();
            Arrays.fill(out, mix, mix + group.valueLength(), 0f);
            for (int p = 0; p < positions; p++) {
                load(cache.values(), values + 2L * p * cache.valueStride(), group.valueLength(), vector);
                addScaled(scratch[scores + p], vector, 0, out, mix, group.valueLength());
            }
        }
    }

    private static void load(MemorySegment halves, long at, int n, float[] to) {
        for (int i = 0; i < n; i++) {
            to[i] = Float.float16ToFloat(halves.get(ValueLayout.JAVA_SHORT, at + 2L * i));
        }
    }

    private static void softmax(float[] scores, int offset, int n, float sink, float[] lanes) {
        float max = sink;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, scores[offset + i]);
        }
        for (int i = 0; i < n; i++) {
            scores[offset + i] = VectorMath.exp(scores[offset + i] - max);
        }
        Arrays.fill(lanes, 0f);
        int whole = n - n % LANES;
        for (int i = 0; i < whole; i += LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                lanes[lane] += scores[offset + i + lane];
            }
        }
        float sum = VectorMath.sumLanes(lanes, 0);
        if (sink != Float.NEGATIVE_INFINITY) {
            sum += VectorMath.exp(sink - max);
        }
        for (int i = whole; i < n; i++) {
            sum += scores[offset + i];
        }
        float inverse = 1 / sum;
        for (int i = 0; i < n; i++) {
            scores[offset + i] *= inverse;
        }
    }
}
