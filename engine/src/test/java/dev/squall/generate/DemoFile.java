package dev.squall.generate;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/** The demo model's file, which the build puts on the class path as a plain file. */
public final class DemoFile {
    private DemoFile() {}

    public static Path path() {
        try {
            return Path.of(Objects.requireNonNull(DemoFile.class.getResource("/dev/squall/demo/demo-moe-q8_0.gguf"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
