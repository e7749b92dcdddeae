package dev.squall.cli.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.cli.process.CommandFailure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoModelTest {
    private static final FileTime LONG_AGO = FileTime.fromMillis(1_000_000_000_000L);

    @TempDir
    Path directory;

    private final ByteArrayOutputStream notes = new ByteArrayOutputStream();

    @Test
    void isUsedWhereItIsInADirectoryOfClasses() throws IOException {
        Path classes = Files.write(directory.resolve("demo.gguf"), model());

        Path file = DemoModel.locate(classes.toUri().toURL(), directory.resolve("cache"), notes());

        assertThat(file).isEqualTo(classes);
        assertThat(directory.resolve("cache")).doesNotExist();
    }

    @Test
    void isUnpackedOnceOutOfAJar() throws IOException {
        Path cache = directory.resolve("deep/cache");
        Path first = DemoModel.locate(jar(model()), cache, notes());
        Files.setLastModifiedTime(first, LONG_AGO);

        Path second = DemoModel.locate(jar(model()), cache, notes());

        assertThat(second).isEqualTo(first).hasFileName("demo-moe-q8_0.gguf").startsWith(cache);
        assertThat(DemoModel.isIntact(second)).isTrue();
        assertThat(Files.getLastModifiedTime(second)).isEqualTo(LONG_AGO);
        assertThat(first.resolveSibling("").toFile().list()).hasSize(1);
        assertThat(notes.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void isUnpackedAgainWhereTheCopyIsDamaged() throws IOException {
        Path copy = DemoModel.locate(jar(model()), directory.resolve("cache"), notes());
        byte[] bytes = Files.readAllBytes(copy);
        bytes[bytes.length / 2] ^= 1;
        Files.write(copy, bytes);
        assertThat(DemoModel.isIntact(copy)).isFalse();

        assertThat(DemoModel.locate(jar(model()), directory.resolve("cache"), notes()))
                .isEqualTo(copy);

        assertThat(DemoModel.isIntact(copy)).isTrue();
    }

    @Test
    void goesToATemporaryDirectoryAndSaysSoWhereTheCacheCannotBeWritten() throws IOException {
        Path cache = Files.writeString(directory.resolve("cache"), "in the way").resolve("squall");

        Path file = DemoModel.locate(jar(model()), cache, notes());

        assertThat(DemoModel.isIntact(file)).isTrue();
        assertThat(notes.toString(StandardCharsets.UTF_8))
                .startsWith("squall: the demo model is unpacked into ")
                .contains(" for this run, as " + cache + " cannot be written (");
    }

    @Test
    void isRefusedWhereTheJarIsDamaged() throws IOException {
        byte[] damaged = model();
        damaged[1000] ^= 1;
        URL jar = jar(damaged);

        assertThatThrownBy(() -> DemoModel.locate(jar, directory.resolve("cache"), notes()))
                .isInstanceOf(CommandFailure.class)
                .hasMessageStartingWith("demo model: SHA-256 ")
                .hasMessageEndingWith("the jar is damaged, install Squall again");
        assertThat(directory.resolve("cache")).isDirectoryNotContaining("glob:**.gguf");
    }

    private PrintStream notes() {
        return new PrintStream(notes, true, StandardCharsets.UTF_8);
    }

    private static byte[] model() throws IOException {
        try (InputStream in =
                Objects.requireNonNull(DemoModelTest.class.getResourceAsStream(DemoModel.RESOURCE), "demo model")) {
            return in.readAllBytes();
        }
    }

    private URL jar(byte[] model) throws IOException {
        Path jar = Files.createTempFile(directory, "engine", ".jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            zip.putNextEntry(new ZipEntry(DemoModel.RESOURCE.substring(1)));
            zip.write(model);
            zip.closeEntry();
        }
        return URI.create("jar:" + jar.toUri() + "!" + DemoModel.RESOURCE).toURL();
    }
}
