package dev.squall.cli.index;

import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Half-precision floats as the shortest decimals that are nearer to them than to any other half: what reads such a decimal
 * as a float or a double and rounds it to a half has the same bits again.
 */
final class HalfText {
    private static final int HALVES = 1 << Short.SIZE;

    /** Significant digits that tell every half from its neighbours. */
    private static final int DIGITS_MAX = 5;

    private final AtomicReferenceArray<byte[]> texts = new AtomicReferenceArray<>(HALVES);

    /**
     * The text of a half, in ASCII, which is not to be changed.
     *
     * @throws IllegalArgumentException if it is no finite number
     */
    byte[] of(short half) {
        int index = Short.toUnsignedInt(half);
        byte[] known = texts.get(index);
        if (known == null) {
            known = shortest(half).getBytes(StandardCharsets.US_ASCII);
            texts.set(index, known);
        }
        return known;
    }

    private static String shortest(short half) {
        float value = Float.float16ToFloat(half);
        if (!Float.isFinite(value)) {
            throw new IllegalArgumentException("half-precision float " + value + ", expected a finite number");
        }
        if (value == 0) {
            return "0";
        }
        BigDecimal exact = new BigDecimal(value);
        for (int digits = 1; digits < DIGITS_MAX; digits++) {
            BigDecimal rounded = exact.round(new MathContext(digits));
            if (Float.floatToFloat16(rounded.floatValue()) == half) {
                return text(rounded);
            }
        }
        return text(exact.round(new MathContext(DIGITS_MAX)));
    }

    private static String text(BigDecimal number) {
        return number.abs().compareTo(new BigDecimal("1e-4")) < 0
                ? number.stripTrailingZeros().toString()
                : number.stripTrailingZeros().toPlainString();
    }
}
