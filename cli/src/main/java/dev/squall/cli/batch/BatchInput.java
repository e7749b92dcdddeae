package dev.squall.cli.batch;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Failures;
import dev.squall.sampling.SamplingOptions;
import dev.squall.tokenizer.ChatMessage;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The prompts of a file, all checked: lines of OpenAI's batch format, lines of JSON with an id and a prompt or messages,
 * or a prompt a line.
 *
 * @param items the sound ones, in order
 * @param problems what is wrong with the others
 * @param isNumbered whether items are known by the number of their line, rather than by an id of their own
 */
public record BatchInput(List<BatchItem> items, List<Problem> problems, boolean isNumbered) {
    private static final int LINES_MAX = 10_000_000;
    private static final int LINE_BYTES_MAX = 4 << 20;
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final List<String> REFUSED = List.of(
            "tools",
            "tool_choice",
            "functions",
            "function_call",
            "stop",
            "suffix",
            "response_format",
            "logit_bias",
            "logprobs",
            "presence_penalty",
            "frequency_penalty",
            "repeat_penalty",
            "top_k",
            "min_p",
            "system");

    /**
     * A line that cannot be used.
     *
     * @param id its id, null if it has none
     */
    record Problem(int line, @Nullable String id, String reason) {}

    private static final String CONVERT = "convert the file first, with iconv for example";

    /** How lines are read. */
    public enum Format {
        /** JSON if the first line that is not empty begins with a brace. */
        AUTO,
        JSONL,
        TEXT
    }

    /** @throws CommandFailure if it is no text or has no lines */
    static BatchInput read(Path file, Format format) throws IOException {
        if (file.toString().equals("-") && !Files.exists(file)) {
            throw new CommandFailure(
                    "-: a batch reads its prompts from a file, as it may have to be started again: write them to one");
        }
        if (Files.isDirectory(file)) {
            throw new CommandFailure(file + ": a folder, expected a file of prompts");
        }
        Reading reading = new Reading(format);
        // Bytes as they are, so that those which are no UTF-8 are found on their line.
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            int number = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (number > LINES_MAX || line.length() > LINE_BYTES_MAX) {
                    throw new CommandFailure(file + ":" + number + ": more than " + LINES_MAX + " lines or "
                            + LINE_BYTES_MAX + " bytes in one: split the file");
                }
                reading.add(number, line.getBytes(StandardCharsets.ISO_8859_1));
            }
        }
        if (reading.items.isEmpty() && reading.problems.isEmpty()) {
            throw new CommandFailure(file + ": no prompts in it");
        }
        return new BatchInput(reading.items, reading.problems, reading.format == Format.TEXT);
    }

    /** A digest of the first {@code count} items, which tells whether lines have moved. */
    String digest(int count) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
        for (BatchItem item : items.subList(0, Math.min(count, items.size()))) {
            digest.update((item.id() + "\n" + item.messages() + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 8);
    }

    /** The lines so far. */
    private static final class Reading {
        private final List<BatchItem> items = new ArrayList<>();
        private final List<Problem> problems = new ArrayList<>();
        private final Map<String, Integer> lines = new HashMap<>();
        private Format format;

        Reading(Format format) {
            this.format = format;
        }

        void add(int number, byte[] bytes) {
            try {
                String line = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes))
                        .toString();
                if (line.indexOf('\0') >= 0) {
                    problems.add(new Problem(number, null, "a NUL character, as UTF-16 has: " + CONVERT));
                } else {
                    add(number, number == 1 && line.startsWith("\ufeff") ? line.substring(1) : line);
                }
            } catch (CharacterCodingException e) {
                problems.add(new Problem(number, null, "not UTF-8 text: " + CONVERT));
            }
        }

        private void add(int number, String line) {
            if (line.isBlank()) {
                return;
            }
            if (format == Format.AUTO) {
                format = line.stripLeading().startsWith("{") ? Format.JSONL : Format.TEXT;
            }
            if (format == Format.TEXT) {
                items.add(BatchItem.ofPrompt(number, "line-" + number, line));
                return;
            }
            String id = null;
            try {
                JsonNode object = JSON.readTree(line);
                id = id(object);
                BatchItem item = item(number, id, object);
                Integer earlier = lines.putIfAbsent(item.id(), number);
                if (earlier != null) {
                    throw new IllegalArgumentException("id '" + id + "' again, it was on line " + earlier);
                }
                items.add(item);
            } catch (JsonProcessingException e) {
                problems.add(new Problem(number, id, "no JSON object: " + Failures.describe(e)));
            } catch (IllegalArgumentException e) {
                problems.add(new Problem(number, id, String.valueOf(e.getMessage())));
            }
        }
    }

    private static @Nullable String id(JsonNode object) {
        for (String key : List.of("custom_id", "id")) {
            JsonNode id = object.get(key);
            if (id != null
                    && (id.isTextual() || id.isIntegralNumber())
                    && !id.asText().isEmpty()) {
                return id.asText();
            }
        }
        return null;
    }

    private static BatchItem item(int line, @Nullable String id, JsonNode object) {
        if (!object.isObject()) {
            throw new IllegalArgumentException("expected a JSON object");
        }
        JsonNode body = object.has("body") ? object.get("body") : object;
        if (!body.isObject()) {
            throw new IllegalArgumentException("body: expected an object");
        }
        if (object.has("body") && !object.has("custom_id")) {
            throw new IllegalArgumentException("custom_id is missing");
        }
        if (id != null && !StandardCharsets.UTF_8.newEncoder().canEncode(id)) {
            throw new IllegalArgumentException("id: half of a surrogate pair, expected a text that can be written");
        }
        if (id == null) {
            throw new IllegalArgumentException("id (or custom_id) is missing: a text or a whole number");
        }
        JsonNode url = object.get("url");
        if (url != null
                && !url.asText().endsWith("/chat/completions")
                && !url.asText().endsWith("/completions")) {
            throw new IllegalArgumentException("url '" + url.asText() + "', expected /v1/chat/completions");
        }
        for (String key : REFUSED) {
            if (!changesNothing(body.path(key))) {
                throw new IllegalArgumentException(key + " is not supported: leave it out");
            }
        }
        if (body.path("n").asInt(1) != 1 || body.path("stream").asBoolean(false)) {
            throw new IllegalArgumentException("n other than 1 and stream are not supported: leave them out");
        }
        OptionalDouble temperature = number(body, "temperature");
        OptionalDouble topP = number(body, "top_p");
        // Refuses what is out of range.
        SamplingOptions checked =
                new SamplingOptions((float) temperature.orElse(0), 0, (float) topP.orElse(1), 0, 1, 0, 0);
        String limit = body.has("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
        return new BatchItem(
                line,
                id,
                messages(body),
                body.hasNonNull(limit)
                        ? OptionalInt.of((int) whole(body, limit, 1, Integer.MAX_VALUE))
                        : OptionalInt.empty(),
                temperature.isEmpty() ? temperature : OptionalDouble.of(checked.temperature()),
                topP,
                body.hasNonNull("seed")
                        ? OptionalLong.of(whole(body, "seed", 0, Long.MAX_VALUE))
                        : OptionalLong.empty());
    }

    private static List<ChatMessage> messages(JsonNode body) {
        if (body.has("prompt") == body.has("messages")) {
            throw new IllegalArgumentException("expected either prompt or messages");
        }
        if (body.has("prompt")) {
            if (!body.get("prompt").isTextual() || body.get("prompt").asText().isEmpty()) {
                throw new IllegalArgumentException("prompt: expected a text that is not empty");
            }
            return List.of(ChatMessage.user(body.get("prompt").asText()));
        }
        List<ChatMessage> messages = new ArrayList<>();
        for (JsonNode message : body.get("messages")) {
            String content = text(message.path("content"), messages.size() + 1);
            messages.add(
                    switch (message.path("role").asText()) {
                        case "system", "developer" -> ChatMessage.system(content);
                        case "user" -> ChatMessage.user(content);
                        case "assistant" -> ChatMessage.assistant(content);
                        default ->
                            throw new IllegalArgumentException("messages: role '"
                                    + message.path("role").asText() + "', expected system, user or assistant");
                    });
        }
        if (messages.isEmpty() || messages.getLast().role() != ChatMessage.Role.USER) {
            throw new IllegalArgumentException("messages: expected the last one to be the user's");
        }
        return messages;
    }

    /** Content as OpenAI has it: a text, or an array of parts that are texts. */
    private static String text(JsonNode content, int number) {
        if (content.isTextual()) {
            return content.asText();
        }
        StringBuilder text = new StringBuilder();
        for (JsonNode part : content) {
            if (!content.isArray() || !part.path("text").isTextual()) {
                throw new IllegalArgumentException("messages: content of message " + number + " has a part "
                        + part.path("type") + ", expected only text");
            }
            text.append(part.get("text").asText());
        }
        if (text.isEmpty()) {
            throw new IllegalArgumentException("messages: content of message " + number + " is no text");
        }
        return text.toString();
    }

    /** Whether an option that is not supported has a value that says to leave it alone. */
    private static boolean changesNothing(JsonNode value) {
        return value.isMissingNode()
                || value.isNull()
                || (value.isContainerNode() && value.isEmpty())
                || (value.isBoolean() && !value.asBoolean())
                || (value.isNumber() && value.asDouble() == 0);
    }

    private static long whole(JsonNode body, String key, long least, long most) {
        JsonNode value = body.get(key);
        if (!value.canConvertToLong() || !value.isIntegralNumber() || value.asLong() < least || value.asLong() > most) {
            throw new IllegalArgumentException(key + " " + value + ", expected a whole number from " + least);
        }
        return value.asLong();
    }

    private static OptionalDouble number(JsonNode body, String key) {
        if (!body.hasNonNull(key)) {
            return OptionalDouble.empty();
        }
        if (!body.get(key).isNumber()) {
            throw new IllegalArgumentException(key + " " + body.get(key) + ", expected a number");
        }
        return OptionalDouble.of(body.get(key).asDouble());
    }
}
