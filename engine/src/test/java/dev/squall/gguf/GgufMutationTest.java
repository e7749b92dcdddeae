package dev.squall.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages small files in many ways. Each must open, and then everything in it can be read, or be refused with a
 * {@link GgufFormatException}; nothing else may be thrown, and little may be allocated, whatever the file claims. A
 * failure names seed and mutation; {@code -Dsquall.test.seed=N} and {@code -Dsquall.test.mutations=N} replay and widen.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GgufMutationTest {
    private static final long SEED = Long.getLong("squall.test.seed", 20_261_122L);
    private static final int MUTATIONS = Integer.getInteger("squall.test.mutations", 5_000);
    private static final long ALLOCATED_BYTES_MAX = 8 << 20;

    /** Numbers that overflow, wrap, or lie at the edge of a limit when they are a count, a length or an offset. */
    private static final long[] TELLING_NUMBERS = LongStream.concat(
                    LongStream.of(0, 3, 5, 9, 12, 13, 48, Long.MAX_VALUE - 31, Long.MAX_VALUE, Long.MIN_VALUE, -32, -1),
                    LongStream.of(0, 1, 2, 3, 5, 6, 7, 8, 12, 16, 24, 28, 31, 32, 40, 48, 60, 61, 62)
                            .flatMap(power -> LongStream.of((1L << power) - 1, 1L << power, (1L << power) + 1)))
            .toArray();

    @TempDir
    private Path directory;

    private Path seedFile;

    @BeforeEach
    void writeSeedFile() throws IOException {
        seedFile = directory.resolve("seed.gguf");
        GgufWriter writer = new GgufWriter().metadata("general.alignment", 32);
        GgufMetadataTest.everyType().forEach(writer::metadata);
        for (BlockType type : BlockType.values()) {
            List<Long> dimensions = List.of((long) type.blockElements(), 2L);
            MemorySegment data = MemorySegment.ofArray(new byte[2 * type.blockBytes()]);
            writer.tensor("blk.0." + type, type, dimensions, data);
        }
        writer.write(seedFile);
    }

    @Test
    void opensOrRefusesEveryDamagedFile() throws IOException {
        byte[] original = Files.readAllBytes(seedFile);
        int headerBytes = Math.toIntExact(firstTensorOffset());
        Path path = directory.resolve("mutated.gguf");
        int opened = 0;
        int refused = 0;
        for (int mutation = 0; mutation < MUTATIONS; mutation++) {
            byte[] mutated = mutate(original, headerBytes, new Random(SEED + mutation));
            Files.write(path, mutated);
            if (opens(path, mutation)) {
                opened++;
            } else {
                refused++;
            }
        }
        // Both outcomes must be common, or the mutations do not reach what they are for.
        assertThat(opened).isGreaterThan(MUTATIONS / 50);
        assertThat(refused).isGreaterThan(MUTATIONS / 5);
    }

    @Test
    void refusesTheFileCutAtAnyByte() throws IOException {
        byte[] original = Files.readAllBytes(seedFile);
        Path path = directory.resolve("cut.gguf");
        long end = 0;
        try (GgufFile file = GgufFile.open(seedFile)) {
            for (String name : file.tensors().keySet()) {
                end = Math.max(
                        end, file.location(name).offset() + file.location(name).bytes());
            }
        }
        long headerBytes = firstTensorOffset();
        for (int length = 0; length < original.length; length += length < headerBytes ? 1 : 31) {
            Files.write(path, Arrays.copyOf(original, length));
            assertThat(opens(path, length)).as("cut to %d bytes", length).isEqualTo(length >= end);
        }
    }

    private static boolean opens(Path path, int mutation) throws IOException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocatedBefore = threads.getCurrentThreadAllocatedBytes();
        boolean opened;
        try (GgufFile file = GgufFile.open(path)) {
            RawGguf.readAll(file);
            opened = true;
        } catch (GgufFormatException refusal) {
            assertThat(refusal).hasMessageContaining(path.toString());
            opened = false;
        } catch (RuntimeException | Error failure) {
            throw new AssertionError("seed %d mutation %d".formatted(SEED, mutation), failure);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - allocatedBefore)
                .as("bytes allocated, seed %d mutation %d", SEED, mutation)
                .isLessThan(ALLOCATED_BYTES_MAX);
        return opened;
    }

    private long firstTensorOffset() throws IOException {
        try (GgufFile file = GgufFile.open(seedFile)) {
            return file.location(file.tensors().firstEntry().getKey()).offset();
        }
    }

    private static byte[] mutate(byte[] original, int headerBytes, Random random) {
        byte[] bytes = original.clone();
        int rounds = 1 + random.nextInt(3);
        for (int round = 0; round < rounds; round++) {
            int at = random.nextInt(Math.min(headerBytes, bytes.length));
            bytes = switch (random.nextInt(9)) {
                case 0 -> flipped(bytes, at, random);
                case 1 -> Arrays.copyOf(bytes, random.nextInt(1, bytes.length + 1));
                case 2 -> spliced(bytes, at, 0, random.nextInt(1, 40), random);
                case 3 -> spliced(bytes, at, random.nextInt(1, 40), 0, random);
                case 4 -> spliced(bytes, at, 8, 8, random);
                case 5 -> overwritten(bytes, at, 8, telling(random));
                case 6 -> overwritten(bytes, at, 4, telling(random));
                case 7 -> overwrittenField(bytes, 8, telling(random), random);
                case 8 -> overwrittenField(bytes, 4, telling(random), random);
                default -> throw new AssertionError();
            };
        }
        return bytes;
    }

    private static long telling(Random random) {
        return TELLING_NUMBERS[random.nextInt(TELLING_NUMBERS.length)];
    }

    private static byte[] flipped(byte[] bytes, int at, Random random) {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        return bytes;
    }

    private static byte[] spliced(byte[] bytes, int at, int removed, int inserted, Random random) {
        int tail = Math.min(bytes.length, at + removed);
        byte[] insertion = new byte[inserted];
        random.nextBytes(insertion);
        byte[] result = Arrays.copyOf(bytes, at + inserted + bytes.length - tail);
        System.arraycopy(insertion, 0, result, at, inserted);
        System.arraycopy(bytes, tail, result, at + inserted, bytes.length - tail);
        return result;
    }

    private static byte[] overwritten(byte[] bytes, int at, int size, long number) {
        for (int i = 0; i < size && at + i < bytes.length; i++) {
            bytes[at + i] = (byte) (number >>> (8 * i));
        }
        return bytes;
    }

    /**
     * Overwrites a number of the header: the version or a count, or one next to a name, where types, lengths, dimensions
     * and offsets are. Names are found as runs of letters.
     */
    private static byte[] overwrittenField(byte[] bytes, int size, long number, Random random) {
        if (random.nextInt(8) == 0) {
            return overwritten(bytes, random.nextBoolean() ? 8 : 16, 8, number);
        }
        int at = random.nextInt(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            int candidate = (at + i) % bytes.length;
            if (isNameEnd(bytes, candidate)) {
                return overwritten(bytes, candidate + 4 * random.nextInt(10), size, number);
            }
        }
        return overwritten(bytes, at, size, number);
    }

    private static boolean isNameEnd(byte[] bytes, int at) {
        return at > 0 && Character.isLetterOrDigit(bytes[at - 1]) && bytes[at] < ' ' && bytes[at] >= 0;
    }
}
