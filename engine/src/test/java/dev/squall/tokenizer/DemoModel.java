package dev.squall.tokenizer;

import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufMetadata;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/** The metadata of the demo model that ships with the engine. */
final class DemoModel {
    private DemoModel() {}

    static GgufMetadata metadata() {
        try (GgufFile file = GgufFile.open(Path.of(resource()))) {
            return file.metadata();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static URI resource() {
        try {
            return Objects.requireNonNull(DemoModel.class.getResource("/dev/squall/demo/demo-moe-q8_0.gguf"))
                    .toURI();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
