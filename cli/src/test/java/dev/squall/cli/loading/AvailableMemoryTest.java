package dev.squall.cli.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.cli.process.AvailableMemory;
import dev.squall.cli.process.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AvailableMemoryTest {
    @TempDir
    Path root;

    private void file(String name, String text) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private Path demo() throws IOException {
        return DemoModel.locate(root.resolve("cache"), System.err);
    }

    @Test
    void isWhatTheMachineHasLeftOrWhatAGroupAllows() throws IOException {
        AvailableMemory memory = new AvailableMemory(root);
        assertThat(memory.bytes()).isEmpty();

        file("proc/meminfo", "MemTotal:       24000000 kB\nMemAvailable:   20000000 kB\n");
        assertThat(memory.bytes()).hasValue(20_000_000L * 1024);

        file("proc/self/cgroup", "0::/user/job\n");
        file("sys/fs/cgroup/user/job/memory.max", "max\n");
        file("sys/fs/cgroup/user/memory.max", "700000000\n");
        assertThat(memory.bytes()).hasValue(700_000_000L);

        file("proc/self/cgroup", "4:cpu,memory:/job\n");
        file("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "500000000\n");
        file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assertThat(memory.bytes()).hasValue(500_000_000L);
    }

    @Test
    void autoMapsWhatFitsCachesWhatDoesNotAndRefusesWhatCannotRun() throws IOException {
        AvailableMemory memory = new AvailableMemory(root);
        CacheSize auto = CacheSize.parse("auto");
        assertThat(auto.optionsFor(demo(), 0, 1, memory)).isEmpty();

        file("proc/meminfo", "MemAvailable:   1000000 kB\n");
        assertThat(auto.optionsFor(demo(), 0, 1, memory)).isEmpty();

        file("proc/meminfo", "MemAvailable:   317000 kB\n");
        long cached = auto.optionsFor(demo(), 0, 1, memory).orElseThrow().bytesMax();
        assertThat(cached).isBetween(1L << 20, 7L << 20);

        long context = 3L << 19;
        assertThat(auto.optionsFor(demo(), 0, 2, memory).orElseThrow().bytesMax())
                .isEqualTo(cached - context);

        file("proc/meminfo", "MemAvailable:   300000 kB\n");
        assertThatThrownBy(() -> auto.optionsFor(demo(), 0, 1, memory))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("beside its experts")
                .hasMessageContaining("free memory");
    }
}
