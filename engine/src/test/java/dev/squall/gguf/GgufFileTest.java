package dev.squall.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
    @TempDir
    private Path directory;

    @Test
    void readsBackWhatTheWriterWrote() throws IOException {
        Random random = new Random(1);
        Path path = directory.resolve("model.gguf");
        MemorySegment matrix = randomBytes(random, BlockType.Q8_0.rowBytes(64 * 3));
        MemorySegment experts = randomBytes(random, BlockType.Q4_0.rowBytes(32 * 2 * 5));
        MemorySegment vector = randomBytes(random, 7 * 4);
        new GgufWriter()
                .metadata("general.architecture", "qwen3moe")
                .metadata("qwen3moe.expert_count", 5)
                .tensor("matrix", BlockType.Q8_0, List.of(64L, 3L), matrix)
                .tensor("vector", BlockType.F32, List.of(7L), vector)
                .tensor("experts", BlockType.Q4_0, List.of(32L, 2L, 5L), experts)
                .write(path);

        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.version()).isEqualTo(3);
            assertThat(file.paths()).containsExactly(path);
            assertThat(file.bytes()).isEqualTo(Files.size(path));
            assertThat(file.metadata().string("general.architecture")).isEqualTo("qwen3moe");
            assertThat(file.metadata().int32("qwen3moe.expert_count")).isEqualTo(5);
            assertThat(file.tensors().sequencedKeySet()).containsExactly("matrix", "vector", "experts");
            assertSameBytes(file.require("matrix").data(), matrix);
            assertSameBytes(file.require("vector").data(), vector);
            assertSameBytes(file.require("experts").data(), experts);
            assertThat(file.find("experts")).isPresent();
            assertThat(file.find("absent")).isEmpty();
        }
    }

    @Test
    void locatesEveryTensorOnDisk() throws IOException {
        Random random = new Random(2);
        Path path = directory.resolve("model.gguf");
        new GgufWriter()
                .metadata("general.alignment", 64)
                .tensor("a", BlockType.F32, List.of(3L), randomBytes(random, 12))
                .tensor("b", BlockType.F16, List.of(5L, 7L), randomBytes(random, 70))
                .write(path);

        try (GgufFile file = GgufFile.open(path);
                RandomAccessFile direct = new RandomAccessFile(path.toFile(), "r")) {
            for (GgufTensor tensor : file.tensors().values()) {
                TensorLocation location = file.location(tensor.name());
                assertThat(location.file()).isEqualTo(path);
                assertThat(location.offset() % 64).isZero();
                assertThat(location.bytes()).isEqualTo(tensor.bytes());
                byte[] bytes = new byte[(int) location.bytes()];
                direct.seek(location.offset());
                direct.readFully(bytes);
                assertSameBytes(tensor.data(), MemorySegment.ofArray(bytes));
            }
        }
    }

    @Test
    void readsVersionTwo() throws IOException {
        byte[] content = new RawGguf(2, 1, 1)
                .entry("general.name", GgufValue.string("old"))
                .tensor("t", BlockType.F32, 0, 2)
                .withData(8);
        try (GgufFile file = GgufFile.open(RawGguf.write(directory, "two.gguf", content))) {
            assertThat(file.version()).isEqualTo(2);
            assertThat(file.metadata().string("general.name")).isEqualTo("old");
            assertThat(file.require("t").dimensions()).containsExactly(2L);
        }
    }

    @Test
    void readsAFileOfNothingButAHeader() throws IOException {
        Path path = RawGguf.write(directory, "empty.gguf", new RawGguf(3, 0, 0).bytes());
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.tensors()).isEmpty();
            assertThat(file.metadata().entries()).isEmpty();
        }
    }

    @Test
    void givesTensorsThatNobodyCanChange() throws IOException {
        Path path = directory.resolve("model.gguf");
        new GgufWriter()
                .tensor("t", BlockType.F32, List.of(1L), MemorySegment.ofArray(new byte[4]))
                .write(path);
        try (GgufFile file = GgufFile.open(path)) {
            GgufTensor tensor = file.require("t");
            assertThatThrownBy(() -> tensor.data().set(ValueLayout.JAVA_BYTE, 0, (byte) 1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> file.tensors().clear()).isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> file.metadata().entries().clear())
                    .isInstanceOf(UnsupportedOperationException.class);
        }
    }

    @Test
    void letsNobodyReadTensorsOnceClosedButMetadataStays() throws IOException {
        Path path = directory.resolve("model.gguf");
        new GgufWriter()
                .metadata("tokenizer.ggml.tokens", GgufValue.strings(List.of("a", "b")))
                .tensor("t", BlockType.F32, List.of(1L), MemorySegment.ofArray(new byte[4]))
                .write(path);
        GgufFile file = GgufFile.open(path);
        GgufTensor tensor = file.require("t");
        file.close();
        file.close();
        assertThatThrownBy(() -> tensor.data().get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        assertThat(file.metadata().strings("tokenizer.ggml.tokens")).containsExactly("a", "b");
    }

    @Test
    void slicesExpertsOutOfAStack() throws IOException {
        float[] values = new float[4 * 3 * 2];
        IntStream.range(0, values.length).forEach(i -> values[i] = i);
        MemorySegment data = MemorySegment.ofArray(new byte[values.length * 4]);
        BlockCodec.encode(BlockType.F32, values, 0, values.length, data, 0);
        GgufTensor stack = new GgufTensor("ffn_up_exps", BlockType.F32, List.of(4L, 3L, 2L), data);

        GgufTensor second = stack.slice(1);
        assertThat(second.dimensions()).containsExactly(4L, 3L);
        assertThat(second.dimension(2)).isEqualTo(1);
        assertThat(second.rows()).isEqualTo(3);
        assertThat(second.rowBytes()).isEqualTo(16);
        assertThat(second.elements()).isEqualTo(12);
        assertThat(second.bytes()).isEqualTo(48);
        assertThat(second.data().get(LittleEndian.FLOAT32, 0)).isEqualTo(12f);
        assertThat(second.name()).isEqualTo("ffn_up_exps[1]");
        assertThatThrownBy(() -> stack.slice(2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> stack.slice(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> stack.slice(0).slice(0).slice(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor 'ffn_up_exps[0][0]': 1 dimension, expected at least 2 to slice");
    }

    @Test
    void refusesATensorWhoseDataDoesNotFitItsDimensions() {
        assertThatThrownBy(() -> new GgufTensor("t", BlockType.F16, List.of(3L), MemorySegment.ofArray(new byte[7])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor 't': data of 7 bytes, expected 6 for F16 of dimensions [3]");
    }

    @Test
    void readsTensorsBeyondFourGibibytes() throws IOException {
        Path path = directory.resolve("sparse.gguf");
        long elements = (1L << 30) + (1 << 20);
        byte[] header = new RawGguf(3, 2, 0)
                .tensor("huge", BlockType.F32, 0, 1 << 20, elements >> 20)
                .tensor("last", BlockType.F32, elements * 4, 1)
                .withData(0);
        try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
            sparse.write(header);
            sparse.seek(header.length + elements * 4);
            sparse.write(new byte[] {0, 0, (byte) 0x80, 0x3f});
        }
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.require("huge").bytes()).isEqualTo(elements * 4);
            assertThat(file.require("last").data().get(LittleEndian.FLOAT32, 0)).isEqualTo(1f);
            assertThat(file.location("last").offset()).isEqualTo(header.length + elements * 4);
        }
    }

    @Test
    void saysWhichFileIsNotThere() {
        Path absent = directory.resolve("absent.gguf");
        assertThatThrownBy(() -> GgufFile.open(absent))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessage(absent.toString());
    }

    private static MemorySegment randomBytes(Random random, long bytes) {
        byte[] array = new byte[Math.toIntExact(bytes)];
        random.nextBytes(array);
        return MemorySegment.ofArray(array);
    }

    private static void assertSameBytes(MemorySegment actual, MemorySegment expected) {
        assertThat(actual.mismatch(expected)).isEqualTo(-1);
    }
}
