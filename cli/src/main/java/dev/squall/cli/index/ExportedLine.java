package dev.squall.cli.index;

import dev.squall.index.MapIndex;
import dev.squall.index.PackedMap;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.Phase;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Reads lines that are just as {@code squall index export} writes them, at several times the speed of reading any JSON.
 * For one thread.
 */
final class ExportedLine {
    /** A sum of digits below this and a power of ten up to that have an exact quotient and product in a double. */
    private static final long MANTISSA_MAX = 1L << 53;

    private static final double[] TENS = {
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22
    };

    /** Bytes that {@link #fractions} looks at: a sign, "0." and eight more. */
    private static final int LONGEST = 1 + 2 + Long.BYTES;

    private static final VarHandle EIGHT_BYTES =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ZEROS = 0x3030303030303030L;
    private static final long ABOVE_NINE = 0x7676767676767676L;
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final long FIRST_PAIRS = 0x000000FF000000FFL;
    private static final long HUNDRED_AND_MILLION = 100 + (1_000_000L << Integer.SIZE);
    private static final long ONE_AND_TEN_THOUSAND = 1 + (10_000L << Integer.SIZE);

    private static final long WHOLE_MAX = 100_000_000_000_000_000L;
    private static final float PROBABILITY_MAX = 1.001f;

    private byte[] text = {};
    private int at;
    private int end;
    private boolean isExpected;
    private float[] numbers = new float[1024];
    /** Of the line before. */
    private int probabilityBytes;

    private int embeddingBytes;

    /** Returns the map of a line; null if it is written in any other way, or is wrong. */
    @Nullable
    IndexLine parse(byte[] bytes, int from, int length) {
        text = bytes;
        at = from;
        end = from + length;
        isExpected = true;
        try {
            return line();
        } catch (IllegalArgumentException e) {
            // Whoever reads any JSON tells what is wrong.
            return null;
        }
    }

    private @Nullable IndexLine line() {
        expect("{\"id\":");
        whole();
        String model = text(",\"model\":\"");
        long used = whole(",\"used\":");
        long time = whole(",\"epoch_millis\":");
        String phase = text(",\"phase\":\"");
        long position = whole(",\"position\":");
        long conversation = whole(",\"conversation\":");
        long hits = whole(",\"hits\":");
        long misses = whole(",\"misses\":");
        if (!isExpected || !isInt(used) || !isInt(position) || !isInt(hits) || !isInt(misses)) {
            return null;
        }
        MapOrigin origin = new MapOrigin(time, phase(phase), (int) position, conversation, (int) hits, (int) misses);
        return at + 2 < end && text[at + 2] == 'l'
                ? packed(model, (int) used, origin)
                : inDecimals(model, (int) used, origin);
    }

    private @Nullable IndexLine packed(String model, int used, MapOrigin origin) {
        long layers = whole(",\"layers\":");
        byte[] probabilities = bytes(",\"probabilities\":\"", probabilityBytes);
        byte[] embedding = bytes(",\"embedding\":\"", embeddingBytes);
        byte[] continuation = next(',') ? bytes("\"continuation\":\"", 0) : new byte[0];
        probabilityBytes = probabilities.length;
        embeddingBytes = embedding.length;
        if (!isAtEnd() || layers < 1 || !isInt(layers)) {
            return null;
        }
        MapShape shape =
                new MapShape((int) layers, probabilities.length / 2 / (int) layers, used, embedding.length / 2);
        return new IndexLine(
                new MapIndex(model, shape),
                PackedMap.ofHalves(shape, embedding, probabilities, PROBABILITY_MAX, continuation, origin));
    }

    private @Nullable IndexLine inDecimals(String model, int used, MapOrigin origin) {
        expect(",\"probabilities\":[");
        int experts = row(0, PROBABILITY_MAX);
        int layers = 1;
        int filled = experts;
        while (isExpected && next(',')) {
            isExpected = row(filled, PROBABILITY_MAX) == experts && isExpected;
            filled += experts;
            layers++;
        }
        expect("],\"embedding\":");
        int embedding = row(filled, Float.POSITIVE_INFINITY);
        byte[] continuation = next(',') ? bytes("\"continuation\":\"", 0) : new byte[0];
        if (!isAtEnd()) {
            return null;
        }
        MapShape shape = new MapShape(layers, experts, used, embedding);
        return new IndexLine(
                new MapIndex(model, shape),
                PackedMap.of(
                        shape,
                        new ExpertMap(
                                Arrays.copyOfRange(numbers, filled, filled + embedding),
                                Arrays.copyOf(numbers, filled),
                                continuation,
                                origin)));
    }

    /** Whether the object ends here, and the line with it. */
    private boolean isAtEnd() {
        expect("}");
        while (at < end && text[at] >= 0 && text[at] <= ' ') {
            at++;
        }
        return isExpected && at == end;
    }

    /**
     * What stands behind {@code before} in base 64, in front of quotation marks, which are passed.
     *
     * @param guess how many bytes it may be
     */
    private byte[] bytes(String before, int guess) {
        expect(before);
        int from = at;
        // There cannot be others between, or what is between is not in base 64.
        int guessed = (guess + 2) / 3 * 4;
        at = guessed > 0 && end - at > guessed && text[at + guessed] == '"' ? at + guessed : at;
        while (at < end && text[at] != '"') {
            at++;
        }
        ByteBuffer decoded = Base64.getDecoder().decode(ByteBuffer.wrap(text, from, at - from));
        expect("\"");
        return decoded.array();
    }

    private static Phase phase(String name) {
        return switch (name) {
            case "decode" -> Phase.DECODE;
            case "prefill" -> Phase.PREFILL;
            default -> throw new IllegalArgumentException("phase " + name);
        };
    }

    private static boolean isInt(long number) {
        return number == (int) number;
    }

    private void expect(String ascii) {
        if (end - at < ascii.length()) {
            isExpected = false;
            return;
        }
        for (int i = 0; i < ascii.length(); i++) {
            isExpected &= text[at + i] == ascii.charAt(i);
        }
        at += ascii.length();
    }

    private boolean next(char ascii) {
        boolean isNext = at < end && text[at] == ascii;
        at += isNext ? 1 : 0;
        return isNext;
    }

    /** What stands behind {@code before} and in front of quotation marks, which are passed. */
    private String text(String before) {
        expect(before);
        int from = at;
        while (at < end && text[at] >= ' ' && text[at] != '"' && text[at] != '\\') {
            at++;
        }
        String value = new String(text, from, at - from, StandardCharsets.US_ASCII);
        expect("\"");
        return value;
    }

    private long whole(String before) {
        expect(before);
        return whole();
    }

    private long whole() {
        boolean isNegative = next('-');
        int from = at;
        long value = 0;
        while (at < end && isDigit(text[at]) && value < WHOLE_MAX) {
            value = 10 * value + text[at++] - '0';
        }
        // JSON knows no zeros in front.
        isExpected &= at > from && (text[from] != '0' || at == from + 1);
        return isNegative ? -value : value;
    }

    private static boolean isDigit(byte ascii) {
        return ascii >= '0' && ascii <= '9';
    }

    /** Reads a list of numbers, not all of them 0, to where it begins; returns how many there are. */
    private int row(int from, float most) {
        float least = most == Float.POSITIVE_INFINITY ? Float.NEGATIVE_INFINITY : 0;
        expect("[");
        int filled = from;
        do {
            filled = fractions(filled);
            if (filled == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * filled);
            }
            numbers[filled++] = number();
        } while (isExpected && next(','));
        expect("]");
        boolean isZero = true;
        boolean isInRange = true;
        for (int i = from; i < filled; i++) {
            isZero &= numbers[i] == 0;
            isInRange &= numbers[i] >= least && numbers[i] <= most;
        }
        isExpected &= !isZero && isInRange;
        return filled - from;
    }

    /**
     * Reads numbers of up to seven digits behind "0." and in front of a comma, which is passed, too: most are, and their
     * digits are read all at once.
     *
     * @param from where they go
     * @return where the next one goes
     */
    private int fractions(int from) {
        byte[] bytes = text;
        float[] to = numbers;
        int filled = from;
        int i = at;
        int last = end - LONGEST;
        while (i <= last && filled < to.length) {
            int sign = bytes[i] == '-' ? 1 : 0;
            int first = i + sign + 2;
            long digits = (long) EIGHT_BYTES.get(bytes, first) ^ ZEROS;
            // Bytes above 9; what such a byte carries over only touches those behind it.
            long others = (digits + ABOVE_NINE | digits) & HIGH_BITS;
            int count = Long.numberOfTrailingZeros(others) / Byte.SIZE;
            if (bytes[first - 2] != '0'
                    || bytes[first - 1] != '.'
                    || count == 0
                    || count == Long.BYTES
                    || bytes[first + count] != ',') {
                break;
            }
            // The first digit is in the lowest byte. In front of them come zeros, then neighbours are joined three
            // times.
            long eight = digits << (Long.SIZE - Byte.SIZE * count);
            long pairs = 10 * eight + (eight >>> Byte.SIZE);
            long mantissa = ((pairs & FIRST_PAIRS) * HUNDRED_AND_MILLION
                            + (pairs >>> (2 * Byte.SIZE) & FIRST_PAIRS) * ONE_AND_TEN_THOUSAND)
                    >>> Integer.SIZE;
            float value = (float) (mantissa / TENS[count]);
            to[filled++] = sign == 0 ? value : -value;
            i = first + count + 1;
        }
        at = i;
        return filled;
    }

    private float number() {
        boolean isNegative = next('-');
        byte[] bytes = text;
        int i = at;
        int last = end;
        int from = i;
        long mantissa = 0;
        int exponent = 0;
        while (i < last && isDigit(bytes[i])) {
            mantissa = 10 * mantissa + bytes[i++] - '0';
        }
        int digits = i - from;
        boolean isNumber = digits > 0 && (bytes[from] != '0' || digits == 1);
        if (i < last && bytes[i] == '.') {
            int point = i++;
            while (i < last && isDigit(bytes[i])) {
                mantissa = 10 * mantissa + bytes[i++] - '0';
            }
            exponent = point + 1 - i;
            digits -= exponent;
            isNumber &= exponent < 0;
        }
        at = i;
        if (i < last && (bytes[i] == 'E' || bytes[i] == 'e')) {
            at++;
            exponent += Math.clamp(whole(), -1000, 1000);
        }
        // Beyond 18 digits the sum may have overflown.
        isExpected &= isNumber && digits <= 18 && mantissa < MANTISSA_MAX && Math.abs(exponent) < TENS.length;
        if (!isExpected) {
            return Float.NaN;
        }
        double value = exponent < 0 ? mantissa / TENS[-exponent] : mantissa * TENS[exponent];
        return (float) (isNegative ? -value : value);
    }
}
