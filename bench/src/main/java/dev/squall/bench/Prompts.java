package dev.squall.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Files of prompts: one JSON object a line with a field {@code prompt}. */
final class Prompts {
    private static final JsonFactory JSON = new JsonFactory();

    private Prompts() {}

    /** The prompts of a file, at most {@code max}. */
    static List<String> read(Path file, int max) throws IOException {
        List<String> prompts = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            if (prompts.size() == max) {
                break;
            }
            if (!line.isBlank()) {
                prompts.add(prompt(file, prompts.size() + 1, line));
            }
        }
        if (prompts.isEmpty()) {
            throw new BenchException(file + ": no prompts");
        }
        return prompts;
    }

    private static String prompt(Path file, int number, String line) throws IOException {
        try (JsonParser parser = JSON.createParser(line)) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.FIELD_NAME
                        && parser.currentName().equals("prompt")
                        && parser.nextToken() == JsonToken.VALUE_STRING) {
                    return parser.getText();
                }
            }
        }
        throw new BenchException(file + ":" + number + ": no field 'prompt' with a string");
    }
}
