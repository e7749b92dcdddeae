package dev.squall.cli.loading;

import dev.squall.cli.process.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** A model's file as it was typed, before it is opened. */
public final class ModelFile {
    private static final String EXTENSION = ".gguf";

    /** One letter in so many may be wrong in a name that is still taken for the one meant. */
    private static final int LETTERS_OF_A_MISTAKE = 4;

    private ModelFile() {}

    /** @throws CommandFailure if nothing is there */
    public static void requireExists(Path file) {
        if (!Files.exists(file)) {
            throw new CommandFailure(missing(file));
        }
    }

    /** That nothing is there, and what to do about it. */
    public static String missing(Path file) {
        String subject = "file not found: " + file + ": ";
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            return subject + "there is no folder " + folder + ": check the path";
        }
        return subject
                + likeliest(folder, file.getFileName().toString())
                        .map(name -> "did you mean " + file.resolveSibling(name) + "?")
                        .orElse("check the path");
    }

    /** The model beside it whose name differs least, if any is alike. */
    private static Optional<String> likeliest(Path folder, String typed) {
        String stem = stem(typed);
        int mistakesMax = Math.max(1, stem.length() / LETTERS_OF_A_MISTAKE);
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(EXTENSION))
                    .filter(name -> mistakes(stem, stem(name)) <= mistakesMax)
                    .min(Comparator.comparingInt((String name) -> mistakes(stem, stem(name)))
                            .thenComparing(Comparator.naturalOrder()));
        } catch (IOException e) {
            return Optional.empty(); // a folder that nobody may list tells of nothing alike
        }
    }

    private static String stem(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(EXTENSION) ? lower.substring(0, lower.length() - EXTENSION.length()) : lower;
    }

    /** Letters to put in, leave out or change, to make one word of the other (Levenshtein's distance). */
    private static int mistakes(String one, String other) {
        int[] before = new int[other.length() + 1];
        for (int j = 0; j <= other.length(); j++) {
            before[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int[] row = new int[other.length() + 1];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int changed = before[j - 1] + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(changed, 1 + Math.min(before[j], row[j - 1]));
            }
            before = row;
        }
        return before[other.length()];
    }
}
