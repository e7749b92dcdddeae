package dev.squall.tornado;

import dev.squall.generate.LanguageModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** The demo model as a file. */
final class DemoFile {
    private DemoFile() {}

    static Path copyTo(Path folder) throws IOException {
        Path file = folder.resolve("demo.gguf");
        try (InputStream in = Objects.requireNonNull(
                LanguageModel.class.getResourceAsStream("/dev/squall/demo/demo-moe-q8_0.gguf"))) {
            Files.copy(in, file);
        }
        return file;
    }
}
