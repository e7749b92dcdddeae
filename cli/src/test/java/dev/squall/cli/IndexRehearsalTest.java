package dev.squall.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexRehearsalTest {
    @TempDir
    private Path home;

    @Test
    void rehearsesEveryCommandThatAnswersSoonAndLeavesNothing() throws Exception {
        Path temporary = Files.createDirectories(home.resolve("temporary"));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.io.tmpdir=" + temporary,
                        "-cp",
                        System.getProperty("java.class.path"),
                        IndexRehearsal.class.getName())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(home.resolve("err").toFile())
                .start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(home.resolve("err")))
                .isZero();
        assertThat(temporary).isEmptyDirectory();
    }
}
