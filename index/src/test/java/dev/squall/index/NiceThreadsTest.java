package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class NiceThreadsTest {
    /** Of {@code /proc/.../stat} behind the name, which may hold blanks: number 19 of proc(5), counted from 3. */
    private static final int NICENESS = 19 - 3;

    private static String niceness() throws Exception {
        String stat = Files.readString(Path.of("/proc/thread-self/stat"));
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[NICENESS];
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "that a thread gives way to others was not tried: no Linux")
    void aThreadGivesWayToOthers() throws Exception {
        CompletableFuture<String> before = new CompletableFuture<>();
        CompletableFuture<String> after = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                before.complete(niceness());
                NiceThreads.enter();
                after.complete(niceness());
            } catch (Exception e) {
                after.completeExceptionally(e);
            }
        });
        assertThat(after.get(10, TimeUnit.SECONDS)).isEqualTo("10");
        assertThat(before.get(10, TimeUnit.SECONDS)).isEqualTo("0");
    }
}
