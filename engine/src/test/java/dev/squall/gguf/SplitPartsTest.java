package dev.squall.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SplitPartsTest {
    @TempDir
    private Path directory;

    @Test
    void opensAllPartsAsOneModel() throws IOException {
        Path first = writePart(1, 3, 0, 3, 3, 0);
        Path second = writePart(2, 3, 1, 3, 3, 2);
        Path third = writePart(3, 3, 2, 3, 3, 1);
        try (GgufFile file = GgufFile.open(first)) {
            assertThat(file.paths()).containsExactly(first, second, third);
            assertThat(file.bytes()).isEqualTo(Files.size(first) + Files.size(second) + Files.size(third));
            assertThat(file.tensors().sequencedKeySet()).containsExactly("part2.0", "part2.1", "part3.0");
            assertThat(file.metadata().string("general.name")).isEqualTo("part 1");
            assertThat(file.location("part3.0").file()).isEqualTo(third);
            assertThat(file.require("part2.1").data().get(LittleEndian.FLOAT32, 0))
                    .isEqualTo(2f);
            assertThat(file.require("part3.0").data().get(LittleEndian.FLOAT32, 0))
                    .isEqualTo(3f);
        }
    }

    @Test
    void opensAModelThatWasSplitIntoOnePart() throws IOException {
        Path only = writePart(1, 1, 0, 1, 1, 1);
        try (GgufFile file = GgufFile.open(only)) {
            assertThat(file.tensors()).hasSize(1);
        }
    }

    @Test
    void refusesALaterPart() throws IOException {
        writePart(1, 2, 0, 2, 2, 1);
        Path second = writePart(2, 2, 1, 2, 2, 1);
        assertRefused(
                second,
                "metadata 'split.no': 1, a later part of the model, expected 0, the first part in " + second + ": open "
                        + directory.resolve("model-00001-of-00002.gguf"));
    }

    @Test
    void namesThePartThatIsMissing() throws IOException {
        Path first = writePart(1, 3, 0, 3, 3, 1);
        writePart(2, 3, 1, 3, 3, 1);
        assertRefused(
                first,
                "part 3 of 3: missing, expected " + directory.resolve("model-00003-of-00003.gguf")
                        + " beside the part in " + first + ": download all 3 parts into one folder");
    }

    @Test
    void refusesPartsUnderOtherNames() throws IOException {
        Path first = writePart(1, 2, 0, 2, 2, 1);
        Path renamed = Files.move(first, directory.resolve("renamed.gguf"));
        assertRefused(
                renamed,
                "file name: no part number, but the file is one of 2 parts, expected NAME-00001-of-00002.gguf in "
                        + renamed + ": give the parts their names back");
        Path miscounted = Files.move(renamed, directory.resolve("model-00001-of-00003.gguf"));
        assertRefused(
                miscounted,
                "file name: part 00001 of 00003, expected 00001 of 00002 (split.no, split.count) in " + miscounted
                        + ": give the parts their names back");
    }

    @Test
    void refusesAPartOfAnotherModel() throws IOException {
        Path first = writePart(1, 2, 0, 2, 2, 1);
        Path second = writePart(2, 2, 1, 5, 2, 1);
        String remedy = ": the parts are not of one model, download them again";
        assertRefused(first, "metadata 'split.count': 5, expected 2, as the file's name says in " + second + remedy);
        writePart(2, 2, 0, 2, 2, 1);
        assertRefused(first, "metadata 'split.no': 0, expected 1, as the file's name says in " + second + remedy);
        writePart(2, 2, 1, 2, 2, 4);
        assertRefused(
                first,
                "metadata 'split.tensors.count': 2, expected 5, as many as the 2 parts hold in " + first + remedy);
    }

    @Test
    void refusesATensorThatTwoPartsHold() throws IOException {
        Path first = writePart(1, 2, 0, 2, 2, 1);
        Path second = directory.resolve("model-00002-of-00002.gguf");
        new GgufWriter()
                .metadata("split.no", 1)
                .metadata("split.count", 2)
                .tensor("part1.0", BlockType.F32, List.of(1L), MemorySegment.ofArray(new byte[4]))
                .write(second);
        assertRefused(
                first, "tensor 'part1.0': name also in " + first + ", expected each name in one part in " + second);
    }

    @Test
    void refusesMorePartsThanTheLimit() throws IOException {
        Path first = directory.resolve("model-00001-of-01025.gguf");
        new GgufWriter().metadata("split.no", 0).metadata("split.count", 1025).write(first);
        assertRefused(first, "metadata 'split.count': 1025, expected 1 to 1024 in " + first);
    }

    /** Writes a part whose tensors hold the part's number. */
    private Path writePart(
            int namedNumber, int namedCount, int splitNumber, int splitCount, int tensorTotal, int tensors)
            throws IOException {
        Path path = directory.resolve("model-%05d-of-%05d.gguf".formatted(namedNumber, namedCount));
        GgufWriter writer = new GgufWriter()
                .metadata("general.name", "part " + namedNumber)
                .metadata("split.no", new GgufValue.Whole(GgufValueType.UINT16, splitNumber))
                .metadata("split.count", new GgufValue.Whole(GgufValueType.UINT16, splitCount))
                .metadata("split.tensors.count", GgufValue.int32(tensorTotal));
        for (int i = 0; i < tensors; i++) {
            MemorySegment data = MemorySegment.ofArray(new byte[4]);
            data.set(LittleEndian.FLOAT32, 0, namedNumber);
            writer.tensor("part" + namedNumber + "." + i, BlockType.F32, List.of(1L), data);
        }
        writer.write(path);
        return path;
    }

    private static void assertRefused(Path path, String message) {
        assertThatThrownBy(() -> GgufFile.open(path))
                .isInstanceOf(GgufFormatException.class)
                .hasMessage(message);
    }
}
