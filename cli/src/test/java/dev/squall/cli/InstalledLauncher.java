package dev.squall.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/** The real launcher in a folder with a space, for a small program, with its own PATH and JDKs. */
final class InstalledLauncher {
    static final String STARTED = "java=25 vector=4\n";

    private static final Path LAUNCHER = Path.of("..", "squall");

    final Path home;
    final Path tools;
    final Path jdks;
    final Map<String, String> environment = new TreeMap<>();
    private final Path folder;

    /** What a process said, and how it ended. */
    record Run(int exitCode, String out, String err) {}

    /** Installs it without a program, in a folder that is there and empty. */
    InstalledLauncher(Path folder) throws IOException {
        this.folder = folder;
        home = Files.createDirectories(folder.resolve("an install"));
        tools = Files.createDirectories(folder.resolve("tools"));
        jdks = Files.createDirectories(folder.resolve("jdks"));
        Files.copy(LAUNCHER, home.resolve("squall"));
        for (String tool : List.of(
                "cat",
                "cp",
                "cut",
                "dirname",
                "env",
                "find",
                "grep",
                "head",
                "mkdir",
                "mv",
                "nice",
                "readlink",
                "rm",
                "rmdir",
                "sed",
                "sh",
                "sleep",
                "tail",
                "touch")) {
            Path usual = Path.of("/usr/bin", tool);
            forward(tools.resolve(tool), Files.exists(usual) ? usual : Path.of("/bin", tool));
        }
        environment.putAll(Map.of(
                "PATH", tools.toString(),
                "HOME", folder.toString(),
                "LC_ALL", "C",
                "SQUALL_STARTUP_ARCHIVE", "off",
                "SQUALL_JDK_SEARCH_PATH", jdks.toString()));
        forward(fakeJdk("25").resolve("bin/java"), Path.of(System.getProperty("java.home"), "bin", "java"));
    }

    /** Adds a folder that looks like a JDK; its programs end with 99. */
    Path fakeJdk(String version) throws IOException {
        Path jdk = Files.createDirectories(jdks.resolve("fake-" + version));
        Files.createDirectories(jdk.resolve("bin"));
        script(jdk.resolve("bin/java"), "exit 99");
        script(jdk.resolve("bin/javac"), "exit 99");
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        return jdk;
    }

    /** Makes a file run a program with the same arguments. */
    static void forward(Path file, Path program) throws IOException {
        script(file, "exec '" + program + "' \"$@\"");
    }

    /** Makes a file a program, of shell commands. */
    static void script(Path file, String lines) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + lines + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Adds what the launcher starts, {@link StartedProgram}. */
    void installProgram() throws IOException {
        installProgram(home);
    }

    static void installProgram(Path home) throws IOException {
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.put(Attributes.Name.MAIN_CLASS, StartedProgram.class.getName());
        attributes.putValue("Add-Exports", "java.base/jdk.internal.module");
        Path jar = Files.createDirectories(home.resolve("lib")).resolve("squall.jar");
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out, manifest)) {
            for (String name : List.of("StartedProgram", "StartedProgram$Lanes", "process/VectorModule")) {
                String entry = "dev/squall/cli/" + name + ".class";
                entries.putNextEntry(new JarEntry(entry));
                try (var bytes = InstalledLauncher.class.getResourceAsStream("/" + entry)) {
                    assertThat(bytes).as(entry).isNotNull();
                    bytes.transferTo(entries);
                }
            }
            entries.putNextEntry(new JarEntry("dev/squall/cli/IndexRehearsal.class"));
            entries.write(
                    ClassFile.of().build(ClassDesc.of("dev.squall.cli.IndexRehearsal"), InstalledLauncher::doNothing));
        }
    }

    private static void doNothing(ClassBuilder program) {
        program.withMethodBody(
                "main",
                MethodTypeDesc.ofDescriptor("([Ljava/lang/String;)V"),
                ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                CodeBuilder::return_);
    }

    /** Runs the launcher to its end. */
    Run start(String... arguments) throws Exception {
        return run(Stream.concat(Stream.of(home.resolve("squall").toString()), Stream.of(arguments))
                .toArray(String[]::new));
    }

    Run run(String... command) throws Exception {
        return finish(process(command));
    }

    /** In another folder than the launcher's. */
    Process process(String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    static Run finish(Process process) throws Exception {
        try (var out = process.getInputStream();
                var err = process.getErrorStream()) {
            String said = new String(out.readAllBytes(), UTF_8);
            String complained = new String(err.readAllBytes(), UTF_8);
            return new Run(process.waitFor(), said, complained);
        }
    }
}
