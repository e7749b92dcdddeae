package dev.squall.cli.loading;

import dev.squall.cli.option.Spelling;
import dev.squall.cli.process.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** A model's file as it was typed, before it is opened. */
public final class ModelFile {
    private static final String EXTENSION = ".gguf";

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
        try (Stream<Path> files = Files.list(folder)) {
            List<String> models = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(EXTENSION))
                    .toList();
            return Spelling.likeliest(typed, models, name -> mistakes(typed, name));
        } catch (IOException e) {
            return Optional.empty(); // a folder that nobody may list tells of nothing alike
        }
    }

    /** Capitals and an extension that is left out are none. */
    private static int mistakes(String typed, String name) {
        String one = typed.toLowerCase(Locale.ROOT);
        String other = name.toLowerCase(Locale.ROOT);
        return Math.min(Spelling.mistakes(one, other), Spelling.mistakes(one + EXTENSION, other));
    }
}
