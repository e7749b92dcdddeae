package dev.squall.cli.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.cli.process.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchStateTest {
    @TempDir
    private Path folder;

    @Test
    void readsTheNumbersThatItWrote() throws IOException {
        Path file = folder.resolve("a.state");
        BatchState.write(file, Map.of("seed", "9223372036854775807", "lines", "0"));

        Map<String, String> state = BatchState.read(file);

        assertThat(BatchState.number(file, state, "seed", Long.MIN_VALUE, Long.MAX_VALUE))
                .isEqualTo(Long.MAX_VALUE);
        assertThat(BatchState.number(file, state, "lines", 0, Integer.MAX_VALUE))
                .isZero();
    }

    @Test
    void namesTheFileWhereSomebodyHasChangedANumber() throws IOException {
        Path file = folder.resolve("a.state");
        for (String seed : new String[] {"\"seven\"", "\"\"", "null", "\"1.5\"", "\"9223372036854775808\""}) {
            Files.writeString(file, "{\"format\":\"squall-batch-1\",\"seed\":" + seed + "}");
            Map<String, String> state = BatchState.read(file);

            assertThatThrownBy(() -> BatchState.number(file, state, "seed", Long.MIN_VALUE, Long.MAX_VALUE))
                    .as(seed)
                    .isInstanceOf(CommandFailure.class)
                    .hasMessageStartingWith(file + ": seed '")
                    .hasMessageEndingWith(": bring it back as it was, or name another output; nothing is changed");
        }
    }
}
