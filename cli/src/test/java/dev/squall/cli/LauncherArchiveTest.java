package dev.squall.cli;

import static dev.squall.cli.InstalledLauncher.STARTED;
import static dev.squall.cli.InstalledLauncher.finish;
import static dev.squall.cli.InstalledLauncher.script;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.squall.cli.InstalledLauncher.Run;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the real launcher makes for later starts, and who makes it. */
@Timeout(120)
class LauncherArchiveTest {
    private static final String CLASSES = "squall-25.jsa";
    private static final String REHEARSED = "squall-25.aot";

    private InstalledLauncher installed;

    @BeforeEach
    void install(@TempDir Path folder) throws IOException {
        installed = new InstalledLauncher(folder);
        installed.installProgram();
        installed.environment.remove("SQUALL_STARTUP_ARCHIVE");
    }

    @Test
    void startsFromAnArchiveOfLoadedClassesOnceItIsMade() throws Exception {
        assertThat(installed.start("first").out()).isEqualTo(STARTED + "[first]\n");
        Path archive = awaitArchive(CLASSES);
        assertThat(installed.start("--show-command").out()).contains("'-XX:SharedArchiveFile=" + archive + "'");
        assertThat(installed.start("second")).isEqualTo(new Run(0, STARTED + "[second]\n", ""));
        Files.delete(archive);
        Files.writeString(archive, "damaged");
        assertThat(installed.start("third")).isEqualTo(new Run(0, STARTED + "[third]\n", ""));
    }

    @Test
    void startsIndexCommandsFromWhatARehearsalLeft() throws Exception {
        assertThat(installed.start("index", "first").out()).isEqualTo(STARTED + "[index]\n[first]\n");
        Path archive = awaitArchive(REHEARSED);
        assertThat(installed.start("--show-command", "index").out()).contains("'-XX:AOTCache=" + archive + "'");
        assertThat(installed.start("--show-command", "chat").out()).doesNotContain("AOTCache");
        assertThat(installed.start("index", "second")).isEqualTo(new Run(0, STARTED + "[index]\n[second]\n", ""));
        Files.writeString(archive, "damaged");
        assertThat(installed.start("index", "third")).isEqualTo(new Run(0, STARTED + "[index]\n[third]\n", ""));
    }

    @Test
    void makesThemOnlyWhenTheCommandHasEnded() throws Exception {
        Path ending = installed.home.resolve("ending");
        Path early = installed.home.resolve("early");
        script(installed.jdks.resolve("fake-25/bin/java"), """
                case $* in
                    *ArchiveClassesAtExit* | *AOTCacheOutput*) [ -e '%1$s' ] || : >'%2$s' ;;
                    *) sleep 2; : >'%1$s' ;;
                esac
                exec '%3$s/bin/java' "$@"
                """.formatted(
                        ending, early, System.getProperty("java.home")));
        assertThat(installed.start("chat").out()).isEqualTo(STARTED + "[chat]\n");
        awaitArchive(CLASSES);
        assertThat(early).doesNotExist();
    }

    @Test
    void makesAtOnceTheArchiveWhoseMakerDied() throws Exception {
        Process dead = installed.process("/bin/sh", "-c", "exit");
        finish(dead);
        Files.writeString(installed.home.resolve(CLASSES + ".making." + dead.pid()), "");
        Files.writeString(installed.home.resolve(CLASSES + "." + dead.pid()), "half an archive");
        Files.writeString(installed.home.resolve(CLASSES + "." + dead.pid() + ".config"), "");

        installed.start("chat");

        awaitArchive(CLASSES);
        assertThat(made(CLASSES)).containsExactly(CLASSES);
    }

    @Test
    void makesAtOnceTheArchiveWhoseMakerDiedWhereNothingWaitsForTheDead() throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/self/status")), "no /proc: what nothing waits for was not tried");
        // It dies once a program that waits for nothing has taken its parent's place.
        Process keeper = installed.process(
                "/bin/sh",
                "-c",
                "/bin/sh -c 'until grep -q sleep /proc/$PPID/comm; do :; done' & echo $!; exec /bin/sleep 100");
        try (BufferedReader said = keeper.inputReader()) {
            String dead = said.readLine();
            while (!Files.readString(Path.of("/proc", dead, "status")).contains("State:\tZ")) {
                Thread.sleep(5);
            }
            Files.writeString(installed.home.resolve(CLASSES + ".making." + dead), "");

            installed.start("chat");

            awaitArchive(CLASSES);
        } finally {
            keeper.destroy();
        }
    }

    @Test
    void leavesTheArchiveToAnotherStartThatMakesIt() throws Exception {
        String mark = CLASSES + ".making." + ProcessHandle.current().pid();
        Files.writeString(installed.home.resolve(mark), "");

        installed.start("chat");

        awaitMade(REHEARSED); // the classes' turn was before
        assertThat(made(CLASSES)).containsExactly(mark);
    }

    @Test
    void takesAMarkOfMoreThanFiveMinutesForThatOfANumberUsedAgain() throws Exception {
        Path mark = Files.writeString(
                installed.home.resolve(
                        CLASSES + ".making." + ProcessHandle.current().pid()),
                "");
        Files.setLastModifiedTime(mark, FileTime.from(Instant.now().minus(Duration.ofMinutes(7))));

        installed.start("chat");

        awaitArchive(CLASSES);
        assertThat(made(CLASSES)).containsExactly(CLASSES);
    }

    @Test
    void makesTheArchiveAtTheNextStartIfJavaWasKilledMakingIt() throws Exception {
        failWhileMakingClasses("kill -9 $$");
        installed.start("chat");
        awaitMade(REHEARSED);
        assertThat(made(CLASSES)).isEmpty();
        failWhileMakingClasses(":");

        installed.start("chat");

        awaitArchive(CLASSES);
    }

    @Test
    void triesAFailedArchiveAgainOnlyAfterFiveMinutes() throws Exception {
        failWhileMakingClasses("exit 1");
        installed.start("chat");
        awaitMade(REHEARSED);
        assertThat(made(CLASSES)).containsExactly(CLASSES + ".failed");
        failWhileMakingClasses(":");
        Files.delete(installed.home.resolve(REHEARSED));

        installed.start("chat");

        awaitMade(REHEARSED);
        assertThat(made(CLASSES)).containsExactly(CLASSES + ".failed");
        Files.setLastModifiedTime(
                installed.home.resolve(CLASSES + ".failed"),
                FileTime.from(Instant.now().minus(Duration.ofMinutes(7))));
        installed.start("chat");
        awaitArchive(CLASSES);
        assertThat(made(CLASSES)).containsExactly(CLASSES);
    }

    private void failWhileMakingClasses(String command) throws IOException {
        script(installed.jdks.resolve("fake-25/bin/java"), """
                case $* in *ArchiveClassesAtExit*) %s ;; esac
                exec '%s/bin/java' "$@"
                """.formatted(command, System.getProperty("java.home")));
    }

    /** Waits until both kinds are there, whichever command came first; returns one. */
    private Path awaitArchive(String archive) throws Exception {
        awaitMade(CLASSES);
        awaitMade(REHEARSED);
        return installed.home.resolve(archive).toRealPath();
    }

    /** Waits until an archive is there and its maker has finished. */
    private void awaitMade(String archive) throws Exception {
        while (!Files.exists(installed.home.resolve(archive))
                || made(archive).stream().anyMatch(name -> name.contains(".making."))) {
            Thread.sleep(50);
        }
    }

    /** The names of an archive and of all that lies beside it for its sake. */
    private List<String> made(String archive) throws IOException {
        try (Stream<Path> files = Files.list(installed.home)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(archive))
                    .sorted()
                    .toList();
        }
    }
}
