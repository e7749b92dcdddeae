package dev.squall.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the real launcher on a small program, with its own PATH, JDKs and, where it builds, a Maven that only copies. */
@Timeout(120)
class LauncherTest {
    private static final Path LAUNCHER = Path.of("..", "squall");
    private static final String STARTED = "java=25 vector=4\n";
    private static final String CLASSES = "squall-25.jsa";
    private static final String REHEARSED = "squall-25.aot";

    @TempDir
    Path folder;

    private Path home;
    private Path tools;
    private Path jdks;
    private final Map<String, String> environment = new TreeMap<>();

    @BeforeEach
    void installInAFolderWithASpace() throws IOException {
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

    @Test
    void passesArgumentsExactlyAndTheExitCodeBack() throws Exception {
        installProgram(home);
        environment.put("EXIT_CODE", "130");
        String[] arguments = {
            "chat", "-p", "two  words", "", "*", "it's", "\"quoted\"", "$HOME", "a\nb", "grün 🌰", "--"
        };

        Run run = start(arguments);

        assertThat(run.out()).isEqualTo(STARTED + bracketed(arguments));
        assertThat(run.exitCode()).isEqualTo(130);
    }

    @Test
    void passesArgumentsExactlyAlsoWhereTheLocaleIsNotInstalled() throws Exception {
        Path locale = Path.of("/usr/bin/locale");
        assumeTrue(Files.exists(locale), locale + " is not there: a locale that is not installed was not tried");
        forward(tools.resolve("locale"), locale);
        installProgram(home);
        environment.put("LC_ALL", "xx_XX.UTF-8");

        assertThat(start("grün 🌰").out()).isEqualTo(STARTED + "[grün 🌰]\n");
    }

    @Test
    void saysNothingItself() throws Exception {
        installProgram(home);

        assertThat(start("chat").err()).isEmpty();
    }

    @Test
    void startsThroughRelativeSymbolicLinks() throws Exception {
        installProgram(home);
        Path bin = Files.createDirectories(folder.resolve("bin"));
        Files.createSymbolicLink(home.resolve("current"), Path.of("squall"));
        Files.createSymbolicLink(bin.resolve("squall"), Path.of("../an install/current"));

        assertThat(run("bin/squall", "x").out()).isEqualTo(STARTED + "[x]\n");
    }

    @Test
    void passesOverAnOlderJavaHome() throws Exception {
        installProgram(home);
        environment.put("JAVA_HOME", fakeJdk("17.0.15").toString());

        assertThat(start().out()).isEqualTo(STARTED);
    }

    @Test
    void takesNeitherAnOlderNorANewerJava() throws Exception {
        Files.delete(jdks.resolve("fake-25/release"));
        fakeJdk("17.0.15");
        fakeJdk("24");
        fakeJdk("26-ea");
        fakeJdk("250");

        assertThat(start("chat"))
                .isEqualTo(new Run(
                        2,
                        "",
                        "squall: no JDK 25 in JAVA_HOME, on the PATH or where JDKs are usually installed: install one, "
                                + "or set JAVA_HOME to it\n"));
    }

    @Test
    void takesTheJavaOnThePathBeforeInstalledOnes() throws Exception {
        Path jdk = fakeJdk("25.0.1");
        Files.createSymbolicLink(tools.resolve("java"), jdk.resolve("bin/java"));

        assertThat(start("--show-java-home").out()).isEqualTo(jdk + "\n");
    }

    @Test
    void showsACommandThatAShellRunsToTheSameEffect() throws Exception {
        installProgram(home);
        environment.put("SQUALL_JAVA_OPTS", "-Xmx200m -Dcolour=red");
        String[] arguments = {"--show-command", "it's", "two words", ""};

        String command = start(arguments).out();

        assertThat(command).contains(" -Xmx200m -Dcolour=red -jar ");
        assertThat(command.indexOf("-Xmx200m")).as(command).isGreaterThan(command.indexOf("-Xmx300m"));
        assertThat(run("/bin/sh", "-c", command).out()).isEqualTo(STARTED + "[it's]\n[two words]\n[]\n");
    }

    @Test
    void takesTornadoVmOnlyWhereADeviceMayBeWanted() throws Exception {
        installProgram(home);
        Path sdk = Files.createDirectories(folder.resolve("an sdk"));
        Files.writeString(sdk.resolve("tornado-argfile"), "");
        environment.put("TORNADOVM_HOME", sdk.toString());
        String argumentFile = "'@" + sdk + "/tornado-argfile'";

        for (String wanted : List.of(
                "chat",
                "chat -p x",
                "chat --device auto",
                "chat --device tornado",
                "chat --device=tornado:1",
                "chat --device cpu --device tornado:0",
                "batch f",
                "doctor",
                "index query d x")) {
            assertThat(start(words("--show-command " + wanted)).out())
                    .as(wanted)
                    .contains(argumentFile)
                    .contains("-Dtornado.recover.bailout=False");
        }
        for (String unwanted :
                List.of("models", "chat --device cpu", "chat --device=sim", "simulate x", "index info d", "--help")) {
            assertThat(start(words("--show-command " + unwanted)).out())
                    .as(unwanted)
                    .doesNotContain("tornado-argfile");
        }
        environment.put("SQUALL_DEVICE", "cpu");
        assertThat(start("--show-command", "chat").out()).doesNotContain("tornado-argfile");
        environment.put("SQUALL_DEVICE", "");
        assertThat(start("--show-command", "chat").out()).contains(argumentFile);
        assertThat(start("--show-command", "models").out()).doesNotContain("tornado-argfile");
    }

    private static String[] words(String line) {
        return line.split(" ");
    }

    @Test
    void buildsOnceAndAgainWhenASourceChanges() throws Exception {
        sourceTree("");

        assertThat(start("first"))
                .isEqualTo(new Run(
                        0,
                        STARTED + "[first]\n",
                        "squall: building, as nothing is built yet or the sources have changed: about a minute, "
                                + home.toRealPath().resolve("cli/target/build.log") + " tells how far it is\n"));
        assertThat(start("second").err()).isEmpty();
        Files.setLastModifiedTime(
                home.resolve("engine/src/main/A.java"),
                FileTime.from(Instant.now().plus(Duration.ofSeconds(2))));
        assertThat(start("third").err()).contains("building");
        assertThat(builds()).isEqualTo(2);
    }

    @Test
    void buildsOnceWhenStartedTwiceAtOnce() throws Exception {
        sourceTree("sleep 1");

        Process one = process(home.resolve("squall").toString(), "one");
        Process two = process(home.resolve("squall").toString(), "two");

        assertThat(finish(one).out()).isEqualTo(STARTED + "[one]\n");
        assertThat(finish(two).out()).isEqualTo(STARTED + "[two]\n");
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void takesOverTheBuildOfAStartThatDied() throws Exception {
        sourceTree("");
        Process dead = process("/bin/sh", "-c", "exit");
        finish(dead);
        Files.createDirectories(home.resolve("cli/target/building"));
        Files.writeString(home.resolve("cli/target/building/pid"), dead.pid() + "\n");

        assertThat(start().out()).isEqualTo(STARTED);
    }

    @Test
    void showsWhyABuildFailed() throws Exception {
        sourceTree("echo '[ERROR] A.java:[1,2] semicolon expected'; exit 1");

        Run run = start("chat");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .contains("[ERROR] A.java:[1,2] semicolon expected\n")
                .endsWith("squall: the build failed; " + home.toRealPath() + "/cli/target/build.log has all of it\n");
        assertThat(home.resolve("cli/target/building")).doesNotExist();
    }

    @Test
    void saysThatMavenIsMissing() throws Exception {
        sourceTree("");
        Files.delete(tools.resolve("mvn"));

        Run run = start("chat");

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo(
                        "squall: not built yet, and no Maven on the PATH to build with: install Maven 3.8 or later\n");
    }

    @Test
    void saysThatTheCompilerIsMissing() throws Exception {
        sourceTree("");
        Files.delete(jdks.resolve("fake-25/bin/javac"));

        Run run = start("chat");

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo(
                        "squall: not built yet, and " + jdks + "/fake-25 has no compiler: install the whole JDK 25\n");
    }

    @Test
    void saysThatAnInstallationIsBroken() throws Exception {
        assertThat(start("chat"))
                .isEqualTo(new Run(
                        2, "", "squall: " + home.toRealPath() + "/lib/squall.jar is missing: install Squall again\n"));
    }

    @Test
    void startsFromAnArchiveOfLoadedClassesOnceItIsMade() throws Exception {
        installProgram(home);
        environment.remove("SQUALL_STARTUP_ARCHIVE");

        assertThat(start("first").out()).isEqualTo(STARTED + "[first]\n");
        Path archive = awaitArchive(CLASSES);
        assertThat(start("--show-command").out()).contains("'-XX:SharedArchiveFile=" + archive + "'");
        assertThat(start("second")).isEqualTo(new Run(0, STARTED + "[second]\n", ""));
        Files.delete(archive);
        Files.writeString(archive, "damaged");
        assertThat(start("third")).isEqualTo(new Run(0, STARTED + "[third]\n", ""));
    }

    @Test
    void startsIndexCommandsFromWhatARehearsalLeft() throws Exception {
        installProgram(home);
        environment.remove("SQUALL_STARTUP_ARCHIVE");

        assertThat(start("index", "first").out()).isEqualTo(STARTED + "[index]\n[first]\n");
        Path archive = awaitArchive(REHEARSED);
        assertThat(start("--show-command", "index").out()).contains("'-XX:AOTCache=" + archive + "'");
        assertThat(start("--show-command", "chat").out()).doesNotContain("AOTCache");
        assertThat(start("index", "second")).isEqualTo(new Run(0, STARTED + "[index]\n[second]\n", ""));
        Files.writeString(archive, "damaged");
        assertThat(start("index", "third")).isEqualTo(new Run(0, STARTED + "[index]\n[third]\n", ""));
    }

    @Test
    void makesAtOnceTheArchiveWhoseMakerDied() throws Exception {
        installProgram(home);
        environment.remove("SQUALL_STARTUP_ARCHIVE");
        Process dead = process("/bin/sh", "-c", "exit");
        finish(dead);
        Files.writeString(home.resolve(CLASSES + ".making." + dead.pid()), "");
        Files.writeString(home.resolve(CLASSES + "." + dead.pid()), "half an archive");
        Files.writeString(home.resolve(CLASSES + "." + dead.pid() + ".config"), "");

        start("chat");

        awaitArchive(CLASSES);
        assertThat(made(CLASSES)).containsExactly(CLASSES);
    }

    @Test
    void leavesTheArchiveToAnotherStartThatMakesIt() throws Exception {
        installProgram(home);
        environment.remove("SQUALL_STARTUP_ARCHIVE");
        String mark = CLASSES + ".making." + ProcessHandle.current().pid();
        Files.writeString(home.resolve(mark), "");

        start("chat");

        awaitMade(REHEARSED); // the classes' turn was before
        assertThat(made(CLASSES)).containsExactly(mark);
    }

    @Test
    void takesAMarkOfMoreThanFiveMinutesForThatOfANumberUsedAgain() throws Exception {
        installProgram(home);
        environment.remove("SQUALL_STARTUP_ARCHIVE");
        Path mark = Files.writeString(
                home.resolve(CLASSES + ".making." + ProcessHandle.current().pid()), "");
        Files.setLastModifiedTime(mark, FileTime.from(Instant.now().minus(Duration.ofMinutes(7))));

        start("chat");

        awaitArchive(CLASSES);
        assertThat(made(CLASSES)).containsExactly(CLASSES);
    }

    @Test
    void makesTheArchiveAtTheNextStartIfJavaWasKilledMakingIt() throws Exception {
        installProgram(home);
        environment.remove("SQUALL_STARTUP_ARCHIVE");
        failWhileMakingClasses("kill -9 $$");
        start("chat");
        awaitMade(REHEARSED);
        assertThat(made(CLASSES)).isEmpty();
        failWhileMakingClasses(":");

        start("chat");

        awaitArchive(CLASSES);
    }

    @Test
    void triesAFailedArchiveAgainOnlyAfterFiveMinutes() throws Exception {
        installProgram(home);
        environment.remove("SQUALL_STARTUP_ARCHIVE");
        failWhileMakingClasses("exit 1");
        start("chat");
        awaitMade(REHEARSED);
        assertThat(made(CLASSES)).containsExactly(CLASSES + ".failed");
        failWhileMakingClasses(":");
        Files.delete(home.resolve(REHEARSED));

        start("chat");

        awaitMade(REHEARSED);
        assertThat(made(CLASSES)).containsExactly(CLASSES + ".failed");
        Files.setLastModifiedTime(
                home.resolve(CLASSES + ".failed"), FileTime.from(Instant.now().minus(Duration.ofMinutes(7))));
        start("chat");
        awaitArchive(CLASSES);
        assertThat(made(CLASSES)).containsExactly(CLASSES);
    }

    private void failWhileMakingClasses(String command) throws IOException {
        script(jdks.resolve("fake-25/bin/java"), """
                case $* in *ArchiveClassesAtExit*) %s ;; esac
                exec '%s/bin/java' "$@"
                """.formatted(command, System.getProperty("java.home")));
    }

    /** Waits until both kinds are there, whichever command came first; returns one. */
    private Path awaitArchive(String archive) throws Exception {
        awaitMade(CLASSES);
        awaitMade(REHEARSED);
        return home.resolve(archive).toRealPath();
    }

    /** Waits until an archive is there and its maker has finished. */
    private void awaitMade(String archive) throws Exception {
        while (!Files.exists(home.resolve(archive))
                || made(archive).stream().anyMatch(name -> name.contains(".making."))) {
            Thread.sleep(50);
        }
    }

    /** The names of an archive and of all that lies beside it for its sake. */
    private List<String> made(String archive) throws IOException {
        try (Stream<Path> files = Files.list(home)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(archive))
                    .sorted()
                    .toList();
        }
    }

    private void sourceTree(String maven) throws IOException {
        for (String module : List.of("cli", "engine")) {
            Files.createDirectories(home.resolve(module).resolve("src/main"));
            Files.writeString(home.resolve(module).resolve("pom.xml"), "");
        }
        Files.writeString(home.resolve("pom.xml"), "");
        Files.writeString(home.resolve("engine/src/main/A.java"), "");
        installProgram(folder.resolve("built"));
        script(tools.resolve("mvn"), """
                echo built >>'%1$s/builds'
                %2$s
                mkdir -p '%3$s/cli/target/dist'
                cp -R '%1$s/built/lib' '%3$s/cli/target/dist'
                touch '%3$s/cli/target/dist/built'
                """.formatted(folder, maven, home));
    }

    private int builds() throws IOException {
        return Files.readAllLines(folder.resolve("builds")).size();
    }

    private Path fakeJdk(String version) throws IOException {
        Path jdk = Files.createDirectories(jdks.resolve("fake-" + version));
        Files.createDirectories(jdk.resolve("bin"));
        script(jdk.resolve("bin/java"), "exit 99");
        script(jdk.resolve("bin/javac"), "exit 99");
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        return jdk;
    }

    private static void forward(Path file, Path program) throws IOException {
        script(file, "exec '" + program + "' \"$@\"");
    }

    private static void script(Path file, String lines) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + lines + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void installProgram(Path home) throws IOException {
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
                try (var bytes = LauncherTest.class.getResourceAsStream("/" + entry)) {
                    assertThat(bytes).as(entry).isNotNull();
                    bytes.transferTo(entries);
                }
            }
            entries.putNextEntry(new JarEntry("dev/squall/cli/IndexRehearsal.class"));
            entries.write(ClassFile.of().build(ClassDesc.of("dev.squall.cli.IndexRehearsal"), LauncherTest::doNothing));
        }
    }

    private static void doNothing(ClassBuilder program) {
        program.withMethodBody(
                "main",
                MethodTypeDesc.ofDescriptor("([Ljava/lang/String;)V"),
                ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                CodeBuilder::return_);
    }

    private static String bracketed(String... arguments) {
        StringBuilder lines = new StringBuilder();
        for (String argument : arguments) {
            lines.append('[').append(argument).append("]\n");
        }
        return lines.toString();
    }

    private Run start(String... arguments) throws Exception {
        return run(Stream.concat(Stream.of(home.resolve("squall").toString()), Stream.of(arguments))
                .toArray(String[]::new));
    }

    private Run run(String... command) throws Exception {
        return finish(process(command));
    }

    /** In another folder than the launcher's. */
    private Process process(String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    private static Run finish(Process process) throws Exception {
        try (var out = process.getInputStream();
                var err = process.getErrorStream()) {
            String said = new String(out.readAllBytes(), UTF_8);
            String complained = new String(err.readAllBytes(), UTF_8);
            return new Run(process.waitFor(), said, complained);
        }
    }

    private record Run(int exitCode, String out, String err) {}
}
