package dev.squall.cli;

import static dev.squall.cli.InstalledLauncher.STARTED;
import static dev.squall.cli.InstalledLauncher.finish;
import static dev.squall.cli.InstalledLauncher.forward;
import static dev.squall.cli.InstalledLauncher.script;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.squall.cli.InstalledLauncher.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the real launcher on a small program, with its own PATH, JDKs and, where it builds, a Maven that only copies. */
@Timeout(120)
class LauncherTest {
    @TempDir
    Path folder;

    private InstalledLauncher installed;

    @BeforeEach
    void install() throws IOException {
        installed = new InstalledLauncher(folder);
    }

    @Test
    void passesArgumentsExactlyAndTheExitCodeBack() throws Exception {
        installed.installProgram();
        installed.environment.put("EXIT_CODE", "130");
        String[] arguments = {
            "chat", "-p", "two  words", "", "*", "it's", "\"quoted\"", "$HOME", "a\nb", "grün 🌰", "--"
        };

        Run run = installed.start(arguments);

        assertThat(run.out()).isEqualTo(STARTED + bracketed(arguments));
        assertThat(run.exitCode()).isEqualTo(130);
    }

    @Test
    void passesArgumentsExactlyAlsoWhereTheLocaleIsNotInstalled() throws Exception {
        Path locale = Path.of("/usr/bin/locale");
        assumeTrue(Files.exists(locale), locale + " is not there: a locale that is not installed was not tried");
        forward(installed.tools.resolve("locale"), locale);
        installed.installProgram();
        installed.environment.put("LC_ALL", "xx_XX.UTF-8");

        assertThat(installed.start("grün 🌰").out()).isEqualTo(STARTED + "[grün 🌰]\n");
    }

    @Test
    void saysNothingItself() throws Exception {
        installed.installProgram();

        assertThat(installed.start("chat").err()).isEmpty();
    }

    @Test
    void startsThroughRelativeSymbolicLinks() throws Exception {
        installed.installProgram();
        Path bin = Files.createDirectories(folder.resolve("bin"));
        Files.createSymbolicLink(installed.home.resolve("current"), Path.of("squall"));
        Files.createSymbolicLink(bin.resolve("squall"), Path.of("../an install/current"));

        assertThat(installed.run("bin/squall", "x").out()).isEqualTo(STARTED + "[x]\n");
    }

    @Test
    void passesOverAnOlderJavaHome() throws Exception {
        installed.installProgram();
        installed.environment.put("JAVA_HOME", installed.fakeJdk("17.0.15").toString());

        assertThat(installed.start().out()).isEqualTo(STARTED);
    }

    @Test
    void takesNeitherAnOlderNorANewerJava() throws Exception {
        Files.delete(installed.jdks.resolve("fake-25/release"));
        installed.fakeJdk("17.0.15");
        installed.fakeJdk("24");
        installed.fakeJdk("26-ea");
        installed.fakeJdk("250");

        assertThat(installed.start("chat"))
                .isEqualTo(new Run(
                        2,
                        "",
                        "squall: no JDK 25 in JAVA_HOME, on the PATH or where JDKs are usually installed: install one, "
                                + "or set JAVA_HOME to it\n"));
    }

    @Test
    void takesTheJavaOnThePathBeforeInstalledOnes() throws Exception {
        Path jdk = installed.fakeJdk("25.0.1");
        Files.createSymbolicLink(installed.tools.resolve("java"), jdk.resolve("bin/java"));

        assertThat(installed.start("--show-java-home").out()).isEqualTo(jdk + "\n");
    }

    @Test
    void showsACommandThatAShellRunsToTheSameEffect() throws Exception {
        installed.installProgram();
        installed.environment.put("SQUALL_JAVA_OPTS", "-Xmx200m -Dcolour=red");
        String[] arguments = {"--show-command", "it's", "two words", ""};

        String command = installed.start(arguments).out();

        assertThat(command).contains(" -Xmx200m -Dcolour=red -jar ");
        assertThat(command.indexOf("-Xmx200m")).as(command).isGreaterThan(command.indexOf("-Xmx300m"));
        assertThat(installed.run("/bin/sh", "-c", command).out()).isEqualTo(STARTED + "[it's]\n[two words]\n[]\n");
    }

    @Test
    void takesTornadoVmOnlyWhereADeviceMayBeWanted() throws Exception {
        installed.installProgram();
        Path sdk = Files.createDirectories(folder.resolve("an sdk"));
        Files.writeString(sdk.resolve("tornado-argfile"), "");
        installed.environment.put("TORNADOVM_HOME", sdk.toString());
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
            assertThat(installed.start(words("--show-command " + wanted)).out())
                    .as(wanted)
                    .contains(argumentFile)
                    .contains("-Dtornado.recover.bailout=False");
        }
        for (String unwanted :
                List.of("models", "chat --device cpu", "chat --device=sim", "simulate x", "index info d", "--help")) {
            assertThat(installed.start(words("--show-command " + unwanted)).out())
                    .as(unwanted)
                    .doesNotContain("tornado-argfile");
        }
        installed.environment.put("SQUALL_DEVICE", "cpu");
        assertThat(installed.start("--show-command", "chat").out()).doesNotContain("tornado-argfile");
        installed.environment.put("SQUALL_DEVICE", "");
        assertThat(installed.start("--show-command", "chat").out()).contains(argumentFile);
        assertThat(installed.start("--show-command", "models").out()).doesNotContain("tornado-argfile");
    }

    private static String[] words(String line) {
        return line.split(" ");
    }

    @Test
    void buildsOnceAndAgainWhenASourceChanges() throws Exception {
        sourceTree("");

        assertThat(installed.start("first"))
                .isEqualTo(new Run(
                        0,
                        STARTED + "[first]\n",
                        "squall: building, as nothing is built yet or the sources have changed: about a minute, "
                                + installed.home.toRealPath().resolve("cli/target/build.log")
                                + " tells how far it is\n"));
        assertThat(installed.start("second").err()).isEmpty();
        Files.setLastModifiedTime(
                installed.home.resolve("engine/src/main/A.java"),
                FileTime.from(Instant.now().plus(Duration.ofSeconds(2))));
        assertThat(installed.start("third").err()).contains("building");
        assertThat(builds()).isEqualTo(2);
    }

    @Test
    void buildsOnceWhenStartedTwiceAtOnce() throws Exception {
        sourceTree("sleep 1");

        Process one = installed.process(installed.home.resolve("squall").toString(), "one");
        Process two = installed.process(installed.home.resolve("squall").toString(), "two");

        assertThat(finish(one).out()).isEqualTo(STARTED + "[one]\n");
        assertThat(finish(two).out()).isEqualTo(STARTED + "[two]\n");
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void takesOverTheBuildOfAStartThatDied() throws Exception {
        sourceTree("");
        Process dead = installed.process("/bin/sh", "-c", "exit");
        finish(dead);
        Files.createDirectories(installed.home.resolve("cli/target/building"));
        Files.writeString(installed.home.resolve("cli/target/building/pid"), dead.pid() + "\n");

        assertThat(installed.start().out()).isEqualTo(STARTED);
    }

    @Test
    void showsWhyABuildFailed() throws Exception {
        sourceTree("echo '[ERROR] A.java:[1,2] semicolon expected'; exit 1");

        Run run = installed.start("chat");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .contains("[ERROR] A.java:[1,2] semicolon expected\n")
                .endsWith("squall: the build failed; " + installed.home.toRealPath()
                        + "/cli/target/build.log has all of it\n");
        assertThat(installed.home.resolve("cli/target/building")).doesNotExist();
    }

    @Test
    void saysThatMavenIsMissing() throws Exception {
        sourceTree("");
        Files.delete(installed.tools.resolve("mvn"));

        Run run = installed.start("chat");

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo(
                        "squall: not built yet, and no Maven on the PATH to build with: install Maven 3.8 or later\n");
    }

    @Test
    void saysThatTheCompilerIsMissing() throws Exception {
        sourceTree("");
        Files.delete(installed.jdks.resolve("fake-25/bin/javac"));

        Run run = installed.start("chat");

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo("squall: not built yet, and " + installed.jdks
                        + "/fake-25 has no compiler: install the whole JDK 25\n");
    }

    @Test
    void saysThatAnInstallationIsBroken() throws Exception {
        assertThat(installed.start("chat"))
                .isEqualTo(new Run(
                        2,
                        "",
                        "squall: " + installed.home.toRealPath()
                                + "/lib/squall.jar is missing: install Squall again\n"));
    }

    private void sourceTree(String maven) throws IOException {
        for (String module : List.of("cli", "engine")) {
            Files.createDirectories(installed.home.resolve(module).resolve("src/main"));
            Files.writeString(installed.home.resolve(module).resolve("pom.xml"), "");
        }
        Files.writeString(installed.home.resolve("pom.xml"), "");
        Files.writeString(installed.home.resolve("engine/src/main/A.java"), "");
        InstalledLauncher.installProgram(folder.resolve("built"));
        script(installed.tools.resolve("mvn"), """
                echo built >>'%1$s/builds'
                %2$s
                mkdir -p '%3$s/cli/target/dist'
                cp -R '%1$s/built/lib' '%3$s/cli/target/dist'
                touch '%3$s/cli/target/dist/built'
                """.formatted(folder, maven, installed.home));
    }

    private int builds() throws IOException {
        return Files.readAllLines(folder.resolve("builds")).size();
    }

    private static String bracketed(String... arguments) {
        StringBuilder lines = new StringBuilder();
        for (String argument : arguments) {
            lines.append('[').append(argument).append("]\n");
        }
        return lines.toString();
    }
}
