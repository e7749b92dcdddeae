package dev.squall.cli.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.file.DistinctFiles;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Failures;
import dev.squall.tokenizer.ChatMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A chat as a JSON file: {@code {"format":"squall-chat","version":1,"model":...,"seed":...,"messages":[{"role":...,
 * "content":...}]}}.
 *
 * @param model the file name of the model that answered
 * @param seed the seed of the last answer
 * @param messages an optional system message, then questions and answers in turn
 */
record ConversationFile(String model, long seed, List<ChatMessage> messages) {
    private static final String FORMAT = "squall-chat";
    private static final int VERSION = 1;
    private static final int BYTES_MAX = 64 << 20;
    private static final int MESSAGES_MAX = 100_000;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    ConversationFile {
        messages = List.copyOf(messages);
    }

    /**
     * Writes the file whole or not at all. Takes the place of an earlier chat, but of no other file.
     *
     * @throws CommandFailure if the file exists and is no chat
     */
    void write(Path file) throws IOException {
        if (Files.exists(file)) {
            try {
                read(file);
            } catch (CommandFailure e) {
                throw new CommandFailure(file + " exists and is no saved chat: choose another name", e);
            }
        }
        Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
        DistinctFiles.requireFolder(file);
        Path partial = target.resolveSibling(
                "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
        try {
            Files.writeString(partial, MAPPER.writeValueAsString(json()) + "\n");
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /**
     * Reads a file, checking all of it.
     *
     * @throws CommandFailure if it is no chat
     */
    static ConversationFile read(Path file) throws IOException {
        byte[] bytes;
        if (Files.isDirectory(file)) {
            throw new CommandFailure(file + ": a folder, expected a saved chat");
        }
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(BYTES_MAX + 1);
        }
        if (bytes.length > BYTES_MAX) {
            throw wrong(file, "the file", "more than " + (BYTES_MAX >> 20) + " MiB", "a saved chat");
        }
        JsonNode root;
        try {
            root = MAPPER.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new CommandFailure(file + ": not JSON: " + Failures.describe(e), e);
        }
        if (!root.path("format").asText().equals(FORMAT)) {
            throw wrong(file, "format", root.path("format").toString(), '"' + FORMAT + '"');
        }
        JsonNode version = root.path("version");
        if (!version.isInt() || version.intValue() != VERSION) {
            throw wrong(file, "version", version.toString(), VERSION + ", which this Squall writes");
        }
        if (!root.path("model").isTextual()) {
            throw wrong(file, "model", root.path("model").toString(), "a name");
        }
        if (!root.path("seed").canConvertToLong() || !root.path("seed").isIntegralNumber()) {
            throw wrong(file, "seed", root.path("seed").toString(), "a whole number");
        }
        return new ConversationFile(
                root.path("model").textValue(), root.path("seed").longValue(), messages(file, root.path("messages")));
    }

    private ObjectNode json() {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("format", FORMAT);
        root.put("version", VERSION);
        root.put("model", model);
        root.put("seed", seed);
        ArrayNode list = root.putArray("messages");
        for (ChatMessage message : messages) {
            list.addObject()
                    .put("role", message.role().name().toLowerCase(Locale.ROOT))
                    .put("content", message.content());
        }
        return root;
    }

    private static List<ChatMessage> messages(Path file, JsonNode list) {
        if (!list.isArray() || list.size() > MESSAGES_MAX) {
            throw wrong(
                    file,
                    "messages",
                    list.isArray() ? list.size() + " elements" : "no array",
                    "an array of at most " + MESSAGES_MAX);
        }
        List<ChatMessage> messages = new ArrayList<>();
        for (JsonNode message : list) {
            String where = "messages[" + messages.size() + "]";
            if (!message.path("content").isTextual()) {
                throw wrong(file, where + ".content", message.path("content").toString(), "a string");
            }
            messages.add(new ChatMessage(
                    role(file, where, message.path("role")),
                    message.path("content").textValue()));
        }
        return messages;
    }

    private static ChatMessage.Role role(Path file, String where, JsonNode role) {
        return switch (role.asText()) {
            case "system" -> ChatMessage.Role.SYSTEM;
            case "user" -> ChatMessage.Role.USER;
            case "assistant" -> ChatMessage.Role.ASSISTANT;
            default -> throw wrong(file, where + ".role", role.toString(), "system, user or assistant");
        };
    }

    private static CommandFailure wrong(Path file, String field, String actual, String expected) {
        String shown = actual.isEmpty() ? "missing" : actual.length() > 60 ? actual.substring(0, 60) + "..." : actual;
        return new CommandFailure(file + ": " + field + " is " + shown + ", expected " + expected);
    }
}
