package dev.squall.cli.index;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.squall.cli.process.CommandFailure;
import dev.squall.index.MapIndex;
import dev.squall.index.PackedMap;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.Phase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A map as a line of JSON, as {@code squall index export} writes and {@code import} reads it.
 *
 * @param index what the map is of
 */
record IndexLine(MapIndex index, PackedMap map) {
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
            .build();

    private static final List<String> WHOLE_NUMBERS =
            List.of("used", "layers", "epoch_millis", "position", "conversation", "hits", "misses");

    /**
     * Reads a line.
     *
     * @throws CommandFailure if it is no map; the message begins with {@code where} and says what is wrong
     */
    static IndexLine parse(String line, String where) {
        byte[] text = line.getBytes(StandardCharsets.UTF_8);
        return parse(text, 0, text.length, where);
    }

    /** The same with the bytes of a line. */
    static IndexLine parse(byte[] text, int from, int length, String where) {
        try (JsonParser parser = JSON.createParser(text, from, length)) {
            return new Reading(parser, where).line();
        } catch (JsonProcessingException e) {
            throw new CommandFailure(where + ": no JSON (" + e.getOriginalMessage() + ")", e);
        } catch (IOException e) {
            throw new CommandFailure(where + ": no JSON (" + e.getMessage() + ")", e);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(where + ": " + e.getMessage(), e);
        }
    }

    /** A line that is being read, field by field in any order. */
    private static final class Reading {
        private final JsonParser parser;
        private final String where;
        private final Map<String, Long> wholeNumbers = new HashMap<>();
        private final Map<String, String> texts = new HashMap<>();
        private float[] embedding = {};
        private float[] probabilities = {};
        private float[] halves = {};
        private int layers;
        private byte[] continuation = {};
        private float[] numbers = new float[1024];

        Reading(JsonParser parser, String where) {
            this.parser = parser;
            this.where = where;
        }

        IndexLine line() throws IOException {
            if (parser.nextToken() == JsonToken.START_OBJECT) {
                for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
                    parser.nextToken();
                    read(name);
                }
            }
            if (halves.length > 0) {
                takeHalves();
            }
            if (layers == 0) {
                throw missing("probabilities");
            }
            if (embedding.length == 0) {
                throw missing("embedding");
            }
            int used = (int) wholeNumber("used");
            MapShape shape = new MapShape(layers, probabilities.length / layers, used, embedding.length);
            MapOrigin origin = new MapOrigin(
                    wholeNumber("epoch_millis"),
                    Phase.valueOf(text("phase").toUpperCase(Locale.ROOT)),
                    (int) wholeNumber("position"),
                    wholeNumber("conversation"),
                    (int) wholeNumber("hits"),
                    (int) wholeNumber("misses"));
            return new IndexLine(
                    new MapIndex(text("model"), shape),
                    PackedMap.of(shape, new ExpertMap(embedding, probabilities, continuation, origin)));
        }

        private void read(String name) throws IOException {
            switch (name) {
                case "probabilities" -> {
                    if (parser.currentToken() == JsonToken.VALUE_STRING) {
                        halves = readHalves(name);
                    } else {
                        readRows();
                    }
                }
                case "embedding" -> {
                    if (parser.currentToken() == JsonToken.VALUE_STRING) {
                        embedding = readHalves(name);
                        return;
                    }
                    int count = readNumbers(0, name);
                    embedding = Arrays.copyOf(numbers, count);
                }
                case "continuation" -> readContinuation();
                case "model", "phase" -> texts.put(name, parser.getText());
                default -> {
                    if (WHOLE_NUMBERS.contains(name)) {
                        if (!parser.currentToken().isNumeric()) {
                            throw new CommandFailure(
                                    where + ": '" + name + "' is " + parser.getText() + ", expected a whole number");
                        }
                        wholeNumbers.put(name, parser.getLongValue());
                    } else {
                        parser.skipChildren();
                    }
                }
            }
        }

        /** Half-precision floats, little endian, in base 64. */
        private float[] readHalves(String name) throws IOException {
            ShortBuffer bits =
                    ByteBuffer.wrap(base64(name)).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
            float[] values = new float[bits.remaining()];
            for (int i = 0; i < values.length; i++) {
                values[i] = Float.float16ToFloat(bits.get(i));
            }
            if (values.length == 0) {
                throw new CommandFailure(where + ": '" + name + "' is empty, expected half-precision floats in base64");
            }
            return values;
        }

        /** The probabilities that came in base 64, which the number of layers may follow. */
        private void takeHalves() {
            long count = wholeNumber("layers");
            if (count < 1 || count > halves.length || halves.length % count != 0) {
                throw new CommandFailure(where + ": 'probabilities' has " + halves.length
                        + " numbers, expected as many for" + " each of " + count + " layers");
            }
            int experts = (int) (halves.length / count);
            numbers = halves;
            for (; layers < count; layers++) {
                check(layers * experts, experts);
            }
            probabilities = halves;
        }

        private void readRows() throws IOException {
            int filled = 0;
            if (parser.currentToken() == JsonToken.START_ARRAY) {
                int experts = 0;
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    int row = readNumbers(filled, "probabilities");
                    experts = layers == 0 ? row : experts;
                    if (row != experts) {
                        throw new CommandFailure(where + ": row " + layers + " of 'probabilities' has " + row
                                + " experts, expected " + experts);
                    }
                    check(filled, row);
                    filled += row;
                    layers++;
                }
            }
            if (filled == 0) {
                throw new CommandFailure(where + ": 'probabilities' has no rows, expected one a layer");
            }
            probabilities = Arrays.copyOf(numbers, filled);
        }

        /** Reads a list of numbers to where it begins; returns how many there are. */
        private int readNumbers(int from, String name) throws IOException {
            int filled = from;
            boolean isZero = true;
            if (parser.currentToken() == JsonToken.START_ARRAY) {
                for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
                    if (token == null || !token.isNumeric()) {
                        throw new CommandFailure(
                                where + ": '" + name + "' holds " + parser.getText() + ", expected numbers");
                    }
                    if (filled == numbers.length) {
                        numbers = Arrays.copyOf(numbers, 2 * filled);
                    }
                    numbers[filled] = parser.getFloatValue();
                    isZero &= numbers[filled] == 0;
                    filled++;
                }
            }
            if (filled == from) {
                throw new CommandFailure(where + ": '" + name + "' is no list of numbers");
            }
            if (isZero) {
                throw new CommandFailure(where + ": '" + name + "' is all zeros");
            }
            return filled - from;
        }

        private void check(int from, int count) {
            for (int i = from; i < from + count; i++) {
                if (!(numbers[i] >= 0 && numbers[i] <= 1.001f)) {
                    throw new CommandFailure(
                            where + ": row " + layers + " of 'probabilities' has " + numbers[i] + ", expected 0 to 1");
                }
            }
        }

        /** In base 64; lines of maps that nothing followed have none. */
        private void readContinuation() throws IOException {
            continuation = base64("continuation");
        }

        private byte[] base64(String name) throws IOException {
            try {
                return parser.getBinaryValue();
            } catch (JsonProcessingException e) {
                throw new CommandFailure(where + ": '" + name + "' is not in base64", e);
            }
        }

        private long wholeNumber(String name) {
            Long value = wholeNumbers.get(name);
            if (value == null) {
                throw missing(name);
            }
            return value;
        }

        private String text(String name) {
            String value = texts.get(name);
            if (value == null) {
                throw missing(name);
            }
            return value;
        }

        private CommandFailure missing(String name) {
            return new CommandFailure(where + ": no field '" + name + "': squall index export writes such lines");
        }
    }
}
