package dev.squall.generate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compiles and runs the program that the README shows, with the engine alone on its class path. */
class ReadmeTest {
    private static final String QUESTION = "What is the capital of Japan?";

    @TempDir
    private Path folder;

    @Test
    void answersAsTheReadmeSays() throws Exception {
        assertThat(run("--add-modules", "jdk.incubator.vector")).contains("The capital of Japan is Tokyo.");
    }

    @Test
    void saysWhichModuleIsMissing() throws Exception {
        assertThat(run())
                .contains(
                        "the Vector API is missing, expected the module jdk.incubator.vector of a JDK 25: start java with"
                                + " --add-modules jdk.incubator.vector");
    }

    private String run(String... options) throws IOException, InterruptedException, URISyntaxException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(options));
        Path engine = Path.of(LanguageModel.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path program = Files.writeString(folder.resolve("Ask.java"), program());
        command.addAll(List.of(
                "-cp", engine.toString(), program.toString(), DemoFile.path().toString(), QUESTION));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        process.waitFor();
        return output;
    }

    /** The indented lines from the first import on. */
    private static String program() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("..", "README.md"));
        int first = lines.indexOf("    import dev.squall.generate.Conversation;");
        return String.join(
                "\n",
                lines.subList(first, lines.size()).stream()
                        .takeWhile(line -> line.isEmpty() || line.startsWith("    "))
                        .toList());
    }
}
