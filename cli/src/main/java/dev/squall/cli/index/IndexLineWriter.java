package dev.squall.cli.index;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.squall.cli.process.CommandFailure;
import dev.squall.index.MapIndex;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapShape;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;

/**
 * Writes maps as lines of JSON that {@link IndexLine} reads, by hand, since a map has hundreds of numbers: each is a half,
 * and there are not many of those.
 */
public final class IndexLineWriter {
    private static final HalfText HALVES = new HalfText();
    private static final int BYTES_AT_FIRST = 1 << 20;

    private final MapIndex index;
    private final String model;
    private byte[] out = new byte[BYTES_AT_FIRST];
    private int length;

    public IndexLineWriter(MapIndex index) {
        this.index = index;
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
                + ",\"probabilities\":[");
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            if (layer > 0) {
                put(',');
            }
            numbers(map.probabilities(), layer * shape.expertCount(), shape.expertCount());
        }
        text("],\"embedding\":");
        numbers(map.embedding(), 0, map.embedding().length);
        if (map.continuation().length > 0) {
            text(",\"continuation\":\"");
            put(Base64.getEncoder().encode(map.continuation()));
            put('"');
        }
        text("}\n");
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
