package dev.squall.cli.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.cli.process.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFileTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {"qwen3-30b-q4.gguf", "Qwen3-30B-Q4", "qwen3-3b-q4.gguf", "qwen3-30b-q4.guf", "qwen-30b-q4.guf"})
    void aNameMuchLikeThatOfAModelBesideItIsTakenForIt(String typed) throws IOException {
        Files.createFile(folder.resolve("qwen3-30B-q4.gguf"));
        Files.createFile(folder.resolve("qwen3-30b-notes.txt"));
        Files.createFile(folder.resolve("mixtral-8x7b-q4.gguf"));

        assertThat(ModelFile.missing(folder.resolve(typed)))
                .isEqualTo("file not found: " + folder.resolve(typed) + ": did you mean "
                        + folder.resolve("qwen3-30B-q4.gguf") + "?");
    }

    @Test
    void theNameThatDiffersLeastIsNamed() throws IOException {
        Files.createFile(folder.resolve("olmoe-q8.gguf"));
        Files.createFile(folder.resolve("olmoe-q4.gguf"));

        assertThat(ModelFile.missing(folder.resolve("olmoe.q8.gguf")))
                .endsWith("did you mean " + folder.resolve("olmoe-q8.gguf") + "?");
    }

    @Test
    void whereNothingIsAlikeThePathIsToBeChecked() throws IOException {
        Files.createFile(folder.resolve("mixtral.gguf"));

        assertThat(ModelFile.missing(folder.resolve("nope.gguf"))).endsWith("nope.gguf: check the path");
        assertThat(ModelFile.missing(folder.resolve("models/mixtral.gguf")))
                .endsWith(": there is no folder " + folder.resolve("models") + ": check the path");
    }

    @Test
    void onlyAFileThatIsThereGoesOn() throws IOException {
        Path there = Files.createFile(folder.resolve("a.gguf"));

        ModelFile.requireExists(there);
        assertThatThrownBy(() -> ModelFile.requireExists(folder.resolve("zzz.gguf")))
                .isInstanceOf(CommandFailure.class);
    }
}
