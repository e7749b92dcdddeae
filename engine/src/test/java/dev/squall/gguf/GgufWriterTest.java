package dev.squall.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
    @TempDir
    private Path directory;

    @Test
    void writesTheBytesOfTheSpecification() throws IOException {
        Path path = directory.resolve("small.gguf");
        new GgufWriter()
                .metadata("k", 7)
                .tensor("t", BlockType.F32, List.of(1L), MemorySegment.ofArray(new byte[] {1, 2, 3, 4}))
                .write(path);
        assertThat(HexFormat.of().formatHex(Files.readAllBytes(path)))
                .isEqualTo("47475546" + "03000000" + "0100000000000000" + "0100000000000000" // counts
                        + "0100000000000000" + "6b" + "04000000" + "07000000" // k = uint32 7
                        + "0100000000000000" + "74" + "01000000" + "0100000000000000" // t {1}
                        + "00000000" + "0000000000000000" // F32 at offset 0
                        + "00".repeat(96 - 74) // padding of the header
                        + "01020304" + "00".repeat(28));
    }

    @Test
    void streamsTensorsInAsManyPiecesAsTheSourceLikes() throws IOException {
        Path path = directory.resolve("streamed.gguf");
        int rows = 1000;
        MemorySegment row = MemorySegment.ofArray(new byte[68]);
        new GgufWriter()
                .tensor("streamed", BlockType.Q8_0, List.of(64L, (long) rows), sink -> {
                    for (int i = 0; i < rows; i++) {
                        row.fill((byte) i);
                        sink.write(row);
                    }
                })
                .tensor("after", BlockType.F16, List.of(1L), MemorySegment.ofArray(new byte[] {5, 6}))
                .write(path);
        try (GgufFile file = GgufFile.open(path)) {
            GgufTensor streamed = file.require("streamed");
            for (int i = 0; i < rows; i++) {
                assertThat(LittleEndian.unsigned8(streamed.data(), 68L * i + 67))
                        .isEqualTo(i & 0xFF);
            }
            assertThat(file.require("after").data().toArray(ValueLayout.JAVA_BYTE))
                    .containsExactly(5, 6);
        }
    }

    @Test
    void leavesNothingBehindWhenASourceGivesTheWrongNumberOfBytes() throws IOException {
        Path path = directory.resolve("broken.gguf");
        GgufWriter shorter = new GgufWriter()
                .tensor("t", BlockType.F32, List.of(2L), sink -> sink.write(MemorySegment.ofArray(new byte[4])));
        assertThatThrownBy(() -> shorter.write(path))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("tensor 't': source gave 4 bytes, expected 8");
        GgufWriter longer = new GgufWriter()
                .tensor("t", BlockType.F32, List.of(2L), sink -> sink.write(MemorySegment.ofArray(new byte[9])));
        assertThatThrownBy(() -> longer.write(path))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("tensor 't': source gave 9 bytes or more, expected 8");
        try (var files = Files.list(directory)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void refusesWhatTheReaderWouldRefuse() {
        GgufWriter writer = new GgufWriter().metadata("k", 1);
        MemorySegment data = MemorySegment.ofArray(new byte[4]);
        writer.tensor("t", BlockType.F32, List.of(1L), data);
        assertThatThrownBy(() -> writer.metadata("k", 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("metadata 'k': given twice, expected each key once");
        assertThatThrownBy(() -> writer.metadata("", 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.metadata("general.alignment", 48))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("metadata 'general.alignment': uint32 48, expected a uint32 that is a power of two up to"
                        + " 16777216");
        assertThatThrownBy(() -> writer.tensor("t", BlockType.F32, List.of(1L), data))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor 't': given twice, expected each name once");
        assertThatThrownBy(() -> writer.tensor("u", BlockType.Q8_0, List.of(31L), sink -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor 'u': dim[0]=31, expected a multiple of 32 for type Q8_0");
        assertThatThrownBy(() -> writer.tensor("u", BlockType.F32, List.of(1L << 32, 1L << 32), sink -> {}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("u".repeat(256), BlockType.F32, List.of(1L), data))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
