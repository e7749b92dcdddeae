package dev.squall.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.index.MapIndex;
import dev.squall.index.StoredMap;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.Phase;
import java.io.IOException;
import java.util.Locale;

/**
 * A map as a line of JSON, as {@code squall index export} writes and {@code import} reads it.
 *
 * @param index what the map is of
 */
record IndexLine(MapIndex index, ExpertMap map) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static ObjectNode json(StoredMap map, MapIndex index) {
        MapShape shape = index.shape();
        ObjectNode object = JSON.createObjectNode();
        object.put("id", map.id());
        object.put("model", index.model());
        object.put("used", shape.usedCount());
        object.put("epoch_millis", map.origin().epochMillis());
        object.put("phase", map.origin().phase().name().toLowerCase(Locale.ROOT));
        object.put("position", map.origin().position());
        object.put("conversation", map.origin().conversation());
        object.put("hits", map.origin().hits());
        object.put("misses", map.origin().misses());
        ArrayNode layers = object.putArray("probabilities");
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            ArrayNode row = layers.addArray();
            for (int expert = 0; expert < shape.expertCount(); expert++) {
                row.add(map.probabilities()[layer * shape.expertCount() + expert]);
            }
        }
        ArrayNode embedding = object.putArray("embedding");
        for (float value : map.embedding()) {
            embedding.add(value);
        }
        if (map.continuation().length > 0) {
            object.put("continuation", map.continuation());
        }
        return object;
    }

    /**
     * Reads a line.
     *
     * @throws CommandFailure if it is no map; the message begins with {@code where} and says what is wrong
     */
    static IndexLine parse(String line, String where) {
        JsonNode node;
        try {
            node = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new CommandFailure(where + ": no JSON (" + e.getOriginalMessage() + ")", e);
        }
        JsonNode rows = field(node, "probabilities", where);
        if (!rows.isArray() || rows.isEmpty()) {
            throw new CommandFailure(where + ": 'probabilities' has no rows, expected one a layer");
        }
        float[] embedding = numbers(field(node, "embedding", where), "embedding", where);
        float[] first = numbers(rows.get(0), "probabilities", where);
        float[] probabilities = new float[rows.size() * first.length];
        for (int layer = 0; layer < rows.size(); layer++) {
            float[] row = numbers(rows.get(layer), "probabilities", where);
            if (row.length != first.length) {
                throw new CommandFailure(where + ": row " + layer + " of 'probabilities' has " + row.length
                        + " experts, expected " + first.length);
            }
            check(row, layer, where);
            System.arraycopy(row, 0, probabilities, layer * first.length, row.length);
        }
        try {
            MapShape shape = new MapShape(
                    rows.size(), first.length, field(node, "used", where).asInt(), embedding.length);
            MapOrigin origin = new MapOrigin(
                    field(node, "epoch_millis", where).asLong(),
                    Phase.valueOf(field(node, "phase", where).asText().toUpperCase(Locale.ROOT)),
                    field(node, "position", where).asInt(),
                    field(node, "conversation", where).asLong(),
                    field(node, "hits", where).asInt(),
                    field(node, "misses", where).asInt());
            return new IndexLine(
                    new MapIndex(field(node, "model", where).asText(), shape),
                    new ExpertMap(embedding, probabilities, continuation(node, where), origin));
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(where + ": " + e.getMessage(), e);
        }
    }

    /** In base 64; lines of maps that nothing followed have none. */
    private static byte[] continuation(JsonNode node, String where) {
        JsonNode value = node.get("continuation");
        if (value == null) {
            return new byte[0];
        }
        try {
            return value.binaryValue();
        } catch (IOException e) {
            throw new CommandFailure(where + ": 'continuation' is not in base 64", e);
        }
    }

    private static void check(float[] row, int layer, String where) {
        double total = 0;
        for (float p : row) {
            if (!(p >= 0 && p <= 1.001f)) {
                throw new CommandFailure(
                        where + ": row " + layer + " of 'probabilities' has " + p + ", expected 0 to 1");
            }
            total += p;
        }
        if (!(total > 0)) {
            throw new CommandFailure(where + ": row " + layer + " of 'probabilities' is all zeros");
        }
    }

    private static JsonNode field(JsonNode node, String name, String where) {
        JsonNode value = node.get(name);
        if (value == null) {
            throw new CommandFailure(where + ": no field '" + name + "': squall index export writes such lines");
        }
        return value;
    }

    private static float[] numbers(JsonNode array, String name, String where) {
        if (!array.isArray() || array.isEmpty()) {
            throw new CommandFailure(where + ": '" + name + "' is no list of numbers");
        }
        float[] numbers = new float[array.size()];
        boolean isZero = true;
        for (int i = 0; i < numbers.length; i++) {
            if (!array.get(i).isNumber()) {
                throw new CommandFailure(where + ": '" + name + "' holds " + array.get(i) + ", expected numbers");
            }
            numbers[i] = (float) array.get(i).asDouble();
            isZero &= numbers[i] == 0;
        }
        if (isZero) {
            throw new CommandFailure(where + ": '" + name + "' is all zeros");
        }
        return numbers;
    }
}
