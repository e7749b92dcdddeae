package dev.squall.cli.batch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.cli.option.Words;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Failures;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.TypeConversionException;

/** What a batch's answers depend on, kept beside its output, so that another model's or options' are not mixed in. */
final class BatchState {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FORMAT = "squall-batch-1";

    private static final String NOT_OURS =
            " exists and is no state of a batch: name another output, or move it away; nothing is changed";

    private BatchState() {}

    /** Where that of an output is. */
    static Path of(Path output) {
        return output.resolveSibling(output.getFileName() + ".state");
    }

    /**
     * The state of an earlier start; empty if there was none.
     *
     * @throws CommandFailure if the file is something else
     */
    static Map<String, String> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Map.of();
        }
        if (!Files.isRegularFile(file)) {
            throw new CommandFailure(file + NOT_OURS);
        }
        try {
            Map<String, String> state =
                    JSON.readValue(file.toFile(), new TypeReference<LinkedHashMap<String, String>>() {});
            if (FORMAT.equals(state.remove("format"))) {
                return state;
            }
        } catch (JsonProcessingException | CharConversionException e) {
            throw new CommandFailure(file + NOT_OURS, e);
        }
        throw new CommandFailure(file + NOT_OURS);
    }

    /**
     * A whole number of an earlier start.
     *
     * @throws CommandFailure if it is none, or not from {@code least} to {@code most}: somebody has changed the file
     */
    static long number(Path file, Map<String, String> state, String key, long least, long most) {
        try {
            return Words.wholeNumber(String.valueOf(state.get(key)), least, most);
        } catch (TypeConversionException e) {
            throw new CommandFailure(
                    file + ": " + key + " " + e.getMessage()
                            + ": bring it back as it was, or name another output; nothing is changed",
                    e);
        }
    }

    /** In words, what is not as it was. An older Squall wrote less of it, which says nothing. */
    static List<String> differences(Map<String, String> was, Map<String, String> is) {
        return is.entrySet().stream()
                .filter(entry ->
                        was.containsKey(entry.getKey()) && !entry.getValue().equals(was.get(entry.getKey())))
                .map(entry -> entry.getKey() + " was " + was.get(entry.getKey()) + ", is " + entry.getValue())
                .toList();
    }

    /**
     * Writes it, whole or not at all.
     *
     * @throws CommandFailure if there is no room for it
     */
    static void write(Path file, Map<String, String> state) throws IOException {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("format", FORMAT);
        all.putAll(state);
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            Files.writeString(temporary, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n");
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            // Of a full disk Java does not say which file was being written.
            Files.deleteIfExists(temporary);
            throw new CommandFailure(
                    file + ": " + Failures.describe(e)
                            + ": nothing is lost; make room and start the same command again",
                    e);
        }
    }
}
