package dev.squall.expert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.squall.gguf.BlockType;
import dev.squall.gguf.TensorLocation;
import dev.squall.model.ExpertWeights;
import dev.squall.model.WeightMatrix;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectExpertReaderTest {
    private static final int COLUMNS = 3_001;
    private static final int BYTES = COLUMNS * Float.BYTES;

    /** Where the first of three matrices begins: in no block's beginning. */
    private static final int OFFSET = 777;

    @TempDir
    private Path folder;

    @Test
    void readsSlicesThatBeginAndEndWithinBlocks() throws IOException {
        byte[] bytes = bytes();
        Path file = Files.write(folder.resolve("whole"), bytes);
        try (DirectExpertReader reader = reader(file);
                Arena arena = Arena.ofConfined()) {
            ExpertWeights weights = reader.read(0, 0, slot(reader, arena));
            List<WeightMatrix> matrices = List.of(weights.gate(), weights.up(), weights.down());
            for (int i = 0; i < matrices.size(); i++) {
                assertThat(matrices.get(i)
                                .data()
                                .mismatch(MemorySegment.ofArray(bytes).asSlice(OFFSET + i * BYTES, BYTES)))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void tellsWhetherAFileSystemHasDirectReads() throws IOException {
        Path status = Path.of("/proc/self/status");
        assumeTrue(Files.exists(status), "no /proc: a file system without direct reads was not tried");
        assertThat(DirectExpertReader.canRead(status)).isFalse();
        assertThat(DirectExpertReader.canRead(Files.write(folder.resolve("ordinary"), bytes())))
                .isTrue();
    }

    @Test
    void aFileThatEndsWithinAnExpertIsSaidToBeCutOff() throws IOException {
        for (int end : new int[] {OFFSET, OFFSET + 1, OFFSET + BYTES / 2, OFFSET + 3 * BYTES - 1}) {
            Path file = Files.write(folder.resolve("cut" + end), bytes());
            try (DirectExpertReader reader = reader(file);
                    Arena arena = Arena.ofConfined();
                    FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(end);
                assertThatThrownBy(() -> reader.read(0, 0, slot(reader, arena)))
                        .isInstanceOf(EOFException.class)
                        .hasMessageContaining(" ends at byte " + end + ", expected at least ")
                        .hasMessageEndingWith("it was cut off while it was in use: bring it back as it was");
            }
        }
    }

    private static byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(OFFSET + 3 * BYTES);
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put((byte) (i * 31 + i / 251));
        }
        return bytes.array();
    }

    private static MemorySegment slot(DirectExpertReader reader, Arena arena) {
        return arena.allocate(reader.slotBytes(), reader.slotAlignment());
    }

    /** A reader of a model of one expert. */
    private static DirectExpertReader reader(Path file) throws IOException {
        List<StoredExperts.Slice> slices = new ArrayList<>();
        MemorySegment mapped = MemorySegment.ofArray(new byte[BYTES]);
        WeightMatrix matrix = new WeightMatrix(BlockType.F32, mapped, 1, COLUMNS);
        for (int i = 0; i < 3; i++) {
            long offset = OFFSET + (long) i * BYTES;
            slices.add(new StoredExperts.Slice(new TensorLocation(file, offset, BYTES), offset, matrix));
        }
        StoredExperts experts = new StoredExperts(
                List.of(List.of(new StoredExperts.StoredExpert(new ExpertWeights(matrix, matrix, matrix), slices))));
        try {
            return new DirectExpertReader(experts);
        } catch (IOException e) {
            boolean isOfFileSystem =
                    e instanceof FileSystemException || e.getCause() instanceof UnsupportedOperationException;
            assumeTrue(!isOfFileSystem, "no direct reads here, so they were not tried: " + e.getMessage());
            throw e;
        }
    }
}
