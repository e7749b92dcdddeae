package dev.squall.expert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class HugePagesTest {
    private static final Path ENABLED = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
    private static final Pattern RANGE = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) ");

    @Test
    void memoryHoldsWhatIsWrittenUpToItsLastByteAndGoesWithItsArena() {
        long bytes = 2 * HugePages.PAGE_BYTES + 5;
        MemorySegment memory;
        try (Arena arena = Arena.ofShared()) {
            memory = HugePages.allocate(bytes, 4096, arena);
            assertThat(memory.byteSize()).isEqualTo(bytes);
            assertThat(memory.address() % 4096).isEqualTo(0);
            memory.fill((byte) 7);
            assertThat(memory.get(ValueLayout.JAVA_BYTE, bytes - 1)).isEqualTo((byte) 7);
        }
        assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void lessThanAPageIsOrdinaryMemory() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = HugePages.allocate(4097, 4096, arena);
            assertThat(memory.byteSize()).isEqualTo(4097);
            assertThat(memory.address() % 4096).isEqualTo(0);
        }
    }

    @Test
    void whatNoMachineHasIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> HugePages.allocate(1L << 60, 4096, arena)).isInstanceOf(OutOfMemoryError.class);
        }
    }

    @Test
    void anArenaThatIsClosedGetsNothingAndNothingIsLost() throws IOException {
        Path status = Path.of("/proc/self/status");
        assumeTrue(Files.isReadable(status), "this system does not tell how much memory a process has: no " + status);
        Arena closed = Arena.ofShared();
        closed.close();
        long bytes = 8L << 30;
        long before = kibibytesMapped(status);

        assertThatThrownBy(() -> HugePages.allocate(bytes, 4096, closed)).isInstanceOf(IllegalStateException.class);

        assertThat(kibibytesMapped(status)).isLessThan(before + bytes / 2 / 1024);
    }

    private static long kibibytesMapped(Path status) throws IOException {
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmSize:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void linuxIsAskedForHugePages() throws IOException {
        assumeTrue(
                Files.isReadable(ENABLED), "this system has no huge pages, so they were not asked for: no " + ENABLED);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = HugePages.allocate(2 * HugePages.PAGE_BYTES, 4096, arena);
            assertThat(flagsOfMapping(memory.address())).contains("hg");
        }
    }

    /** What Linux notes of the mapping that holds an address; {@code hg} is the advice to use huge pages. */
    private static List<String> flagsOfMapping(long address) throws IOException {
        boolean isWanted = false;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            Matcher range = RANGE.matcher(line);
            if (range.lookingAt()) {
                isWanted = address >= Long.parseUnsignedLong(range.group(1), 16)
                        && address < Long.parseUnsignedLong(range.group(2), 16);
            } else if (isWanted && line.startsWith("VmFlags:")) {
                return List.of(line.substring("VmFlags:".length()).strip().split(" "));
            }
        }
        throw new AssertionError("no mapping holds " + Long.toHexString(address));
    }
}
