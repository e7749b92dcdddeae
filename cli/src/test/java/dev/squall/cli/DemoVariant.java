package dev.squall.cli;

import dev.squall.cli.loading.DemoModel;
import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufValue;
import dev.squall.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The demo model with other metadata: files that no one publishes, but that somebody will name. */
public final class DemoVariant {
    private final Map<String, GgufValue> changes = new LinkedHashMap<>();
    private final Map<String, Boolean> removed = new LinkedHashMap<>();

    public DemoVariant without(String key) {
        removed.put(key, true);
        return this;
    }

    public DemoVariant with(String key, GgufValue value) {
        changes.put(key, value);
        return without(key);
    }

    public Path write(Path target) throws IOException {
        GgufWriter writer = new GgufWriter();
        Path original = DemoModel.locate(Path.of("target"), System.err);
        try (GgufFile demo = GgufFile.open(original)) {
            demo.metadata().entries().forEach((key, value) -> {
                if (!removed.containsKey(key)) {
                    writer.metadata(key, value);
                }
            });
            changes.forEach(writer::metadata);
            demo.tensors().values().forEach(writer::tensor);
            writer.write(target);
        }
        return target;
    }
}
