package dev.squall.cli;

import dev.squall.cli.loading.DemoModel;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/**
 * Squall in processes of its own, started as the launcher starts it: a jar and an archive of the classes that an answer
 * loads. Both are made once for all tests of a JVM, since that halves what a start takes.
 */
public final class SquallProcess {
    private static final Path FOLDER = makeFolder();
    private static final Path JAR = makeJar();
    private static final Path ARCHIVE = makeArchive();

    private SquallProcess() {}

    /** The command that starts Squall. */
    public static List<String> command(String... arguments) {
        List<String> command = java("-XX:SharedArchiveFile=" + ARCHIVE);
        command.addAll(List.of(arguments));
        return command;
    }

    /** The same for a process that lives for less than a second: without the compiler that takes longer and gives more. */
    public static List<String> shortCommand(String... arguments) {
        List<String> command = command(arguments);
        command.add(1, "-XX:TieredStopAtLevel=1");
        return command;
    }

    private static List<String> java(String option) {
        return new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx300m",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Xlog:disable",
                option,
                onCrash(),
                "-jar",
                JAR.toString()));
    }

    /** What the launcher has Java do when it crashes. */
    private static String onCrash() {
        try {
            return Files.readAllLines(Path.of("..", "squall")).stream()
                    .filter(line -> line.startsWith("crash='"))
                    .map(line -> line.substring("crash='".length(), line.length() - 1))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path makeFolder() {
        try {
            Path folder = Files.createTempDirectory("squall-process");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) {
        for (File file : folder.toFile().listFiles()) {
            file.delete();
        }
        folder.toFile().delete();
    }

    /** The class path of this JVM in jars, as the archive needs them, behind one whose manifest names them. */
    private static Path makeJar() {
        List<String> uris = new ArrayList<>();
        try {
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                Path path = Path.of(entry);
                if (Files.isDirectory(path)) {
                    Path jar = FOLDER.resolve("classes" + uris.size() + ".jar");
                    pack(path, jar);
                    path = jar;
                }
                uris.add(path.toUri().toString());
            }
            Manifest manifest = new Manifest();
            Attributes attributes = manifest.getMainAttributes();
            attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
            attributes.put(Attributes.Name.MAIN_CLASS, Squall.class.getName());
            attributes.put(Attributes.Name.CLASS_PATH, String.join(" ", uris));
            attributes.put(new Attributes.Name("Enable-Native-Access"), "ALL-UNNAMED");
            attributes.put(new Attributes.Name("Add-Exports"), "java.base/jdk.internal.module");
            Path jar = FOLDER.resolve("squall.jar");
            new JarOutputStream(Files.newOutputStream(jar), manifest).close();
            return jar;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void pack(Path classes, Path jar) throws IOException {
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(classes)) {
            out.setLevel(0);
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                out.putNextEntry(
                        new JarEntry(classes.relativize(file).toString().replace(File.separatorChar, '/')));
                Files.copy(file, out);
            }
        }
    }

    private static Path makeArchive() {
        Path archive = FOLDER.resolve("squall.jsa");
        try {
            Path input = Files.writeString(FOLDER.resolve("in.txt"), "Hello");
            List<String> command = java("-XX:ArchiveClassesAtExit=" + archive);
            command.addAll(List.of(
                    "batch",
                    input.toString(),
                    "-n",
                    "1",
                    "-m",
                    DemoModel.locate(Path.of("target"), System.err).toString()));
            Process process = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(120, TimeUnit.SECONDS) || process.exitValue() != 0 || !Files.exists(archive)) {
                throw new IllegalStateException("no archive of classes was made by " + String.join(" ", command));
            }
            return archive;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
