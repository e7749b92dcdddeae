package dev.squall.cli.index;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.squall.cli.process.CommandFailure;
import dev.squall.index.MapIndex;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapShape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;

/**
 * Writes maps as lines of JSON that {@link IndexLine} reads, by hand, since a map has hundreds of numbers, each of
 * which is a half.
 */
public final class IndexLineWriter {
    private static final HalfText HALVES = new HalfText();
    private static final int BYTES_AT_FIRST = 1 << 20;

    private final MapIndex index;
    private final boolean areDecimals;
    private final String model;
    private byte[] out = new byte[BYTES_AT_FIRST];
    private int length;

    /** @param areDecimals whether numbers are written for people to read, instead of halves in base 64 */
    public IndexLineWriter(MapIndex index, boolean areDecimals) {
        this.index = index;
        this.areDecimals = areDecimals;
        model = new String(JsonStringEncoder.getInstance().quoteAsString(index.model()));
    }

    /** What was written. */
    public byte[] bytes() {
        return Arrays.copyOf(out, length);
    }

    /** @throws CommandFailure if a number of the map is not finite */
    public void write(StoredMap map) {
        try {
            line(map);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(
                    "map " + map.id() + ": " + e.getMessage() + ": squall index prune --map " + map.id()
                            + " removes it",
                    e);
        }
    }

    private void line(StoredMap map) {
        MapShape shape = index.shape();
        text("{\"id\":" + map.id()
                + ",\"model\":\"" + model
                + "\",\"used\":" + shape.usedCount()
                + ",\"epoch_millis\":" + map.origin().epochMillis()
                + ",\"phase\":\"" + map.origin().phase().name().toLowerCase(Locale.ROOT)
                + "\",\"position\":" + map.origin().position()
                + ",\"conversation\":" + map.origin().conversation()
                + ",\"hits\":" + map.origin().hits()
                + ",\"misses\":" + map.origin().misses()
                + (areDecimals ? "" : ",\"layers\":" + shape.layerCount())
                + ",\"probabilities\":");
        if (areDecimals) {
            decimals(map, shape);
        } else {
            halves(map.probabilities());
            text(",\"embedding\":");
            halves(map.embedding());
        }
        if (map.continuation().length > 0) {
            text(",\"continuation\":\"");
            put(Base64.getEncoder().encode(map.continuation()));
            put('"');
        }
        text("}\n");
    }

    /** Little endian. */
    private void halves(float[] numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float number : numbers) {
            if (!Float.isFinite(number)) {
                throw new IllegalArgumentException("half-precision float " + number + ", expected a finite number");
            }
            bytes.putShort(Float.floatToFloat16(number));
        }
        put('"');
        put(Base64.getEncoder().encode(bytes.array()));
        put('"');
    }

    private void decimals(StoredMap map, MapShape shape) {
        put('[');
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            if (layer > 0) {
                put(',');
            }
            numbers(map.probabilities(), layer * shape.expertCount(), shape.expertCount());
        }
        text("],\"embedding\":");
        numbers(map.embedding(), 0, map.embedding().length);
    }

    private void put(char ascii) {
        if (length == out.length) {
            out = Arrays.copyOf(out, 2 * length);
        }
        out[length++] = (byte) ascii;
    }

    private void put(byte[] bytes) {
        while (bytes.length > out.length - length) {
            out = Arrays.copyOf(out, 2 * out.length);
        }
        System.arraycopy(bytes, 0, out, length, bytes.length);
        length += bytes.length;
    }

    private void text(String ascii) {
        put(ascii.getBytes(StandardCharsets.UTF_8));
    }

    private void numbers(float[] halves, int from, int count) {
        put('[');
        for (int i = from; i < from + count; i++) {
            if (i > from) {
                put(',');
            }
            put(HALVES.of(Float.floatToFloat16(halves[i])));
        }
        put(']');
    }
}
