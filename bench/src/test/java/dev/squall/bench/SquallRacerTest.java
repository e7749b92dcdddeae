package dev.squall.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SquallRacerTest {
    @TempDir
    private Path folder;

    @Test
    void everyLapStartsOnAnEmptySequence() throws IOException {
        Path file = folder.resolve("model.gguf");
        RandomModel.write(Objects.requireNonNull(ModelShape.byName().get("qwen3moe-tiny")), 1, file);
        int[] tokens = Lap.tokens(1, 40, 512);

        try (Racer racer = new SquallRacer(file, tokens.length, 1)) {
            Lap first = Lap.run(racer, Arrays.copyOf(tokens, 33), Arrays.copyOfRange(tokens, 33, 40));
            Lap second = Lap.run(racer, Arrays.copyOf(tokens, 33), Arrays.copyOfRange(tokens, 33, 40));

            assertThat(racer.vocabularySize()).isEqualTo(512);
            assertThat(first.likeliest()).hasSize(8);
            assertThat(second.likeliest()).containsExactly(first.likeliest());
        }
    }
}
