package dev.squall.compute;

import dev.squall.gguf.BlockCodec;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** The oracle: each operation as its definition reads, sums in double precision. Slow and obvious. */
final class ScalarKernels implements Kernels {

    @Override
    public String description() {
        return "scalar";
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
        float[] weights = new float[w.columns()];
        for (int o = from; o < to; o++) {
            decodeRow(w, o, weights, 0, tile);
            for (int i = first; i < first + count; i++) {
                double sum = 0;
                for (int k = 0; k < w.columns(); k++) {
                    sum += (double) weights[k] * x.values()[xOffsets[i] + k];
                }
                y[yOffsets[i] + o] = (float) sum;
            }
        }
    }

    @Override
    public void rmsNorm(float[] x, int xOffset, float[] weight, int n, float epsilon, float[] y, int yOffset) {
        double squares = 0;
        for (int i = 0; i < n; i++) {
            squares += (double) x[xOffset + i] * x[xOffset + i];
        }
        float scale = (float) (1 / Math.sqrt(squares / n + epsilon));
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = x[xOffset + i] * scale * weight[i];
        }
    }

    @Override
    public void round(ActivationPrecision precision, float[] x, int xOffset, int n, FloatRows rows, int yOffset) {
        float[] y = rows.values();
        switch (precision) {
            case FLOAT32 -> System.arraycopy(x, xOffset, y, yOffset, n);
            case FLOAT16 -> {
                for (int i = 0; i < n; i++) {
                    y[yOffset + i] = Float.float16ToFloat(Float.floatToFloat16(x[xOffset + i]));
                }
            }
            case BFLOAT16 -> {
                for (int i = 0; i < n; i++) {
                    y[yOffset + i] = nearestBfloat16(x[xOffset + i]);
                }
            }
            case BLOCKS_OF_32 -> {
                for (int block = 0; block < n; block += 32) {
                    roundBlockOf32(x, xOffset + block, y, yOffset + block);
                }
            }
            case BLOCKS_OF_256 -> {
                for (int block = 0; block < n; block += 256) {
                    roundBlockOf256(x, xOffset + block, y, yOffset + block);
                }
            }
        }
    }

    private static float nearestBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
    }

    private static void roundBlockOf32(float[] x, int xOffset, float[] y, int yOffset) {
        float max = 0;
        for (int i = 0; i < 32; i++) {
            max = Math.max(max, Math.abs(x[xOffset + i]));
        }
        float inverse = max == 0 ? 0 : 127 / max;
        float d = Float.float16ToFloat(Float.floatToFloat16(max / 127));
        for (int i = 0; i < 32; i++) {
            y[yOffset + i] = (float) Math.rint(x[xOffset + i] * inverse) * d;
        }
    }

    private static void roundBlockOf256(float[] x, int xOffset, float[] y, int yOffset) {
        float max = 0;
        for (int i = 0; i < 256; i++) {
            if (Math.abs(x[xOffset + i]) > Math.abs(max)) {
                max = x[xOffset + i];
            }
        }
        float inverse = max == 0 ? 0 : -127 / max;
        float d = max == 0 ? 0 : 1 / inverse;
        for (int i = 0; i < 256; i++) {
            y[yOffset + i] = Math.min(127, (float) Math.rint(x[xOffset + i] * inverse)) * d;
        }
    }

    @Override
    public void swiglu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i++) {
            double g = gate[gateOffset + i];
            gate[gateOffset + i] = (float) (g / (1 + Math.exp(-g))) * up[upOffset + i];
        }
    }

    @Override
    public void clampedSwiglu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i++) {
            double g = Math.min(gate[gateOffset + i], SWIGLU_LIMIT);
            float u = Math.clamp(up[upOffset + i], -SWIGLU_LIMIT, SWIGLU_LIMIT);
            gate[gateOffset + i] = (float) (g / (1 + Math.exp(-SWIGLU_ALPHA * g))) * (u + 1);
        }
    }

    @Override
    public void addScaled(float scale, float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] += scale * x[xOffset + i];
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
        long keys = span.keyOffset();
        long values = span.valueOffset();
        for (int g = 0; g < group.size(); g++) {
            int q = queryOffset + g * cache.keyStride();
            double max = sinks == null ? Double.NEGATIVE_INFINITY : sinks[sinksOffset + g];
            for (int p = 0; p < positions; p++) {
                double dot = 0;
                for (int i = 0; i < cache.keyStride(); i++) {
                    dot += (double) halfPrecision(query[q + i])
                            * element(cache.keys(), keys, p * cache.keyStride() + i);
                }
                scratch[p] = (float) (dot * group.scale());
                max = Math.max(max, scratch[p]);
            }
            double sum = sinks == null ? 0 : Math.exp(sinks[sinksOffset + g] - max);
            for (int p = 0; p < positions; p++) {
                sum += Math.exp(scratch[p] - max);
            }
            for (int p = 0; p < positions; p++) {
                scratch[p] = halfPrecision((float) (Math.exp(scratch[p] - max) / sum));
            }
            for (int i = 0; i < group.valueLength(); i++) {
                double value = 0;
                for (int p = 0; p < positions; p++) {
                    value += (double) scratch[p] * element(cache.values(), values, p * cache.valueStride() + i);
                }
                out[outOffset + g * group.valueLength() + i] = (float) value;
            }
        }
    }

    private static float halfPrecision(float value) {
        return Float.float16ToFloat(Float.floatToFloat16(value));
    }

    private static float element(MemorySegment halves, long at, int i) {
        return Float.float16ToFloat(halves.get(ValueLayout.JAVA_SHORT, at + 2L * i));
    }
}
