package dev.squall.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What malformed files are told. */
class GgufFormatTest {
    private static final String TRUNCATED = ": the file is truncated or damaged, download it again";

    @TempDir
    private Path directory;

    @Test
    void refusesWhatIsNoRegularFile() {
        assertThatThrownBy(() -> GgufFile.open(directory))
                .isInstanceOf(GgufFormatException.class)
                .hasMessage("file: a folder, expected a regular file in " + directory + ": name the .gguf file itself");
    }

    @Test
    void refusesFilesShorterThanAHeader() throws IOException {
        assertRefused(new byte[0], "file: 0 bytes, expected at least 24", TRUNCATED);
        assertRefused(
                Arrays.copyOf(new RawGguf(3, 0, 0).bytes(), 23), "file: 23 bytes, expected at least 24", TRUNCATED);
    }

    @Test
    void refusesOtherFormats() throws IOException {
        byte[] content = new byte[64];
        content[0] = 'P';
        content[1] = 'K';
        String remedy = ": this is no GGUF file; download the model as one, or make one of the original model with"
                + " llama.cpp's convert_hf_to_gguf.py";
        assertRefused(content, "header: first bytes 504b0000, expected 47475546 (GGUF)", remedy);
        assertRefused(
                "text".getBytes(StandardCharsets.UTF_8),
                "header: first bytes 74657874, expected 47475546 (GGUF)",
                remedy);
        System.arraycopy(new byte[] {'t', 'j', 'g', 'g'}, 0, content, 0, 4);
        assertRefused(
                content,
                "header: a file of the formats before GGUF, expected GGUF",
                ": convert the original model again with llama.cpp's convert_hf_to_gguf.py");
    }

    @Test
    void refusesOtherVersions() throws IOException {
        assertRefused(
                new RawGguf(1, 0, 0).bytes(),
                "header: version 1, which only existed in August 2023, expected version 2 or 3",
                ": convert the original model again with llama.cpp's convert_hf_to_gguf.py");
        assertRefused(
                new RawGguf(0x0300_0000, 0, 0).bytes(),
                "header: big-endian file of version 3, expected a little-endian file",
                ": convert it with gguf-py's gguf_convert_endian.py");
        String unknown = ": the file is damaged, or made for a newer Squall";
        assertRefused(new RawGguf(0, 0, 0).bytes(), "header: version 0, expected version 2 or 3", unknown);
        assertRefused(new RawGguf(4, 0, 0).bytes(), "header: version 4, expected version 2 or 3", unknown);
        assertRefused(new RawGguf(-1, 0, 0).bytes(), "header: version 4294967295, expected version 2 or 3", unknown);
    }

    @Test
    void refusesCountsBeyondTheLimitsOrTheFile() throws IOException {
        String damaged = ": the file is damaged or not made for inference";
        assertRefused(
                new RawGguf(3, 1L << 60, 0).bytes(),
                "header: tensor count=1152921504606846976, expected at most 65536",
                damaged);
        assertRefused(
                new RawGguf(3, 0, -1).bytes(),
                "header: metadata count=18446744073709551615, expected at most 65536",
                damaged);
        assertRefused(
                new RawGguf(3, 0, 65_536).bytes(),
                "header: metadata count=65536, expected at most 0 in the 0 bytes that are left",
                TRUNCATED);
        assertRefused(
                new RawGguf(3, 3, 0).int64(0).int64(0).bytes(),
                "header: tensor count=3, expected at most 0 in the 24 bytes that are left",
                TRUNCATED);
    }

    @Test
    void refusesBadKeys() throws IOException {
        assertRefused(
                new RawGguf(3, 0, 1).text("").int64(0).bytes(), "metadata entry 0: empty key, expected a name", "");
        assertRefused(
                new RawGguf(3, 0, 1).int64(2).int32(0x0000_28c3).int64(0).bytes(),
                "metadata entry 0: key of bytes that are no UTF-8, expected a name in UTF-8",
                "");
        assertRefused(
                new RawGguf(3, 0, 1).int64(65_536).int64(0).bytes(),
                "metadata entry 0: length of key=65536, expected at most 65535",
                ": the file is damaged or not made for inference");
        assertRefused(
                new RawGguf(3, 0, 2)
                        .entry("twice", GgufValue.bool(true))
                        .entry("twice", GgufValue.bool(true))
                        .bytes(),
                "metadata 'twice': key given twice, expected each key once",
                "");
        assertRefused(
                new RawGguf(3, 0, 1).text("\u001b[2J").int32(13).int64(0).bytes(),
                "metadata '\\u{1b}[2J': value type 13, expected 0 to 12",
                "");
    }

    @Test
    void refusesBadValues() throws IOException {
        assertRefused(
                new RawGguf(3, 0, 1).text("k").int32(7).int32(2).bytes(),
                "metadata 'k': bool of value 2, expected 0 or 1",
                "");
        assertRefused(
                new RawGguf(3, 0, 1).text("key").int32(10).int32(2).bytes(),
                "metadata 'key': file ends at byte 43, expected 8 more bytes at byte 39",
                TRUNCATED);
        assertRefused(
                new RawGguf(3, 0, 1).text("k").int32(8).int64(1L << 40).bytes(),
                "metadata 'k': string length=1099511627776, expected at most 16777216",
                ": the file is damaged or not made for inference");
        assertRefused(
                new RawGguf(3, 0, 1).text("k").int32(8).int64(9).int64(0).bytes(),
                "metadata 'k': string length=9, expected at most 8 in the 8 bytes that are left",
                TRUNCATED);
        assertRefused(
                new RawGguf(3, 0, 1).text("k").int32(9).int32(5).int64(1L << 60).bytes(),
                "metadata 'k': array length=1152921504606846976, expected at most 16777216",
                ": the file is damaged or not made for inference");
        assertRefused(
                new RawGguf(3, 0, 1)
                        .text("k")
                        .int32(9)
                        .int32(8)
                        .int64(2)
                        .int64(0)
                        .bytes(),
                "metadata 'k': array length=2, expected at most 1 in the 8 bytes that are left",
                TRUNCATED);
    }

    @Test
    void refusesArraysNestedTooDeep() throws IOException {
        RawGguf deep = new RawGguf(3, 0, 1).text("k").int32(9);
        for (int depth = 0; depth < 100_000; depth++) {
            deep.int32(9).int64(1);
        }
        assertRefused(deep.int32(5).int64(0).bytes(), "metadata 'k': arrays nested 5 deep, expected at most 4", "");
    }

    @Test
    void refusesTooManyArraysWithinArrays() throws IOException {
        RawGguf wide = new RawGguf(3, 0, 1).text("k").int32(9).int32(9).int64(65_537);
        for (int i = 0; i < 65_537; i++) {
            wide.int32(5).int64(0);
        }
        assertRefused(wide.bytes(), "metadata 'k': 65537 arrays within arrays, expected at most 65536 in one file", "");
    }

    @Test
    void refusesBadAlignments() throws IOException {
        String expected = ", expected a uint32 that is a power of two up to 16777216";
        for (long alignment : new long[] {0, 3, 48, 1 << 25, 0xFFFF_FFFFL}) {
            assertRefused(
                    new RawGguf(3, 0, 1)
                            .entry("general.alignment", GgufValue.uint32(alignment))
                            .bytes(),
                    "metadata 'general.alignment': uint32 " + alignment + expected,
                    "");
        }
        assertRefused(
                new RawGguf(3, 0, 1)
                        .entry("general.alignment", GgufValue.int64(32))
                        .bytes(),
                "metadata 'general.alignment': int64 32" + expected,
                "");
    }

    @Test
    void refusesBadTensorNames() throws IOException {
        assertRefused(
                new RawGguf(3, 1, 0).tensor("", BlockType.F32, 0, 1).withData(4),
                "tensor entry 0: empty name, expected a name",
                "");
        assertRefused(
                new RawGguf(3, 1, 0)
                        .tensor("x".repeat(256), BlockType.F32, 0, 1)
                        .withData(4),
                "tensor entry 0: length of name=256, expected at most 255",
                ": the file is damaged or not made for inference");
        assertRefused(
                new RawGguf(3, 2, 0)
                        .tensor("t", BlockType.F32, 0, 1)
                        .tensor("t", BlockType.F32, 32, 1)
                        .withData(64),
                "tensor 't': name given twice, expected each name once",
                "");
    }

    @Test
    void refusesBadDimensions() throws IOException {
        assertRefused(
                new RawGguf(3, 1, 0).tensor("tt", BlockType.F32, 0).withData(64),
                "tensor 'tt': 0 dimensions, expected 1 to 4",
                "");
        assertRefused(
                new RawGguf(3, 1, 0)
                        .tensor("t", BlockType.F32, 0, 1, 1, 1, 1, 1)
                        .withData(64),
                "tensor 't': 5 dimensions, expected 1 to 4",
                "");
        String range = ", expected at least 1, and at most 281474976710656 elements in all";
        assertRefused(
                new RawGguf(3, 1, 0).tensor("t", BlockType.F32, 0, 2, 0).withData(64),
                "tensor 't': dim[1]=0" + range,
                "");
        assertRefused(
                new RawGguf(3, 1, 0).tensor("t", BlockType.F32, 0, -1).withData(64),
                "tensor 't': dim[0]=18446744073709551615" + range,
                "");
        assertRefused(
                new RawGguf(3, 1, 0)
                        .tensor("t", BlockType.F32, 0, 1L << 32, 1L << 32)
                        .withData(64),
                "tensor 't': dim[1]=4294967296" + range,
                "");
        assertRefused(
                new RawGguf(3, 1, 0)
                        .tensor("blk.0.ffn_up_exps.weight", BlockType.Q4_K, 0, 96, 2)
                        .withData(64),
                "tensor 'blk.0.ffn_up_exps.weight': dim[0]=96, expected a multiple of 256 for type Q4_K",
                "");
    }

    @Test
    void refusesUnsupportedTypesByName() throws IOException {
        String expected = ", expected one of [F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, "
                + "IQ4_NL, IQ4_XS, BF16, MXFP4]";
        String remedy = ": quantise the original model to one of these, for example with llama-quantize to Q4_K_M";
        assertRefused(
                new RawGguf(3, 1, 0).tensor("output.weight", 16, 0, 256).withData(64),
                "tensor 'output.weight': type 16 (IQ2_XXS)" + expected,
                remedy);
        assertRefused(
                new RawGguf(3, 1, 0).tensor("output.weight", -7, 0, 256).withData(64),
                "tensor 'output.weight': type 4294967289 (unknown)" + expected,
                remedy);
    }

    @Test
    void refusesTensorsOutOfTheirPlace() throws IOException {
        assertRefused(
                new RawGguf(3, 1, 0).tensor("t", BlockType.F32, 8, 1).withData(64),
                "tensor 't': offset 8, expected a multiple of 32 (general.alignment)",
                "");
        assertRefused(
                new RawGguf(3, 1, 0).tensor("t", BlockType.F32, -32, 1).withData(64),
                "tensor 't': offset 18446744073709551584, expected a multiple of 32 (general.alignment)",
                "");
        assertRefused(
                new RawGguf(3, 1, 0)
                        .tensor("t", BlockType.F32, Long.MAX_VALUE - 31, 1)
                        .withData(64),
                "tensor 't': 4 bytes at offset 9223372036854775776 of the tensor data, expected an end within its 64 bytes",
                TRUNCATED);
        assertRefused(
                new RawGguf(3, 1, 0).tensor("t", BlockType.F32, 32, 9).withData(64),
                "tensor 't': 36 bytes at offset 32 of the tensor data, expected an end within its 64 bytes",
                TRUNCATED);
        assertRefused(
                new RawGguf(3, 1, 0).tensor("t", BlockType.F32, 0, 1).bytes(),
                "tensor 't': 4 bytes at offset 0 of the tensor data, expected an end within its 0 bytes",
                TRUNCATED);
        assertRefused(
                new RawGguf(3, 2, 0)
                        .tensor("late", BlockType.F32, 32, 8)
                        .tensor("early", BlockType.F32, 0, 9)
                        .withData(64),
                "tensor 'late': offset 32 of the tensor data, expected at least 36, where tensor 'early' ends",
                "");
    }

    @Test
    void namesTheTensorThatIsAskedForAndMissing() throws IOException {
        Path path = RawGguf.write(directory, "m.gguf", new RawGguf(3, 0, 0).bytes());
        try (GgufFile file = GgufFile.open(path)) {
            String message = "tensor 'token_embd.weight': missing, expected a tensor of this name in " + path;
            assertThatThrownBy(() -> file.require("token_embd.weight"))
                    .isInstanceOf(GgufFormatException.class)
                    .hasMessage(message);
            assertThatThrownBy(() -> file.location("token_embd.weight"))
                    .isInstanceOf(GgufFormatException.class)
                    .hasMessage(message);
        }
    }

    private void assertRefused(byte[] content, String subjectActualExpected, String remedy) throws IOException {
        Path path = RawGguf.write(directory, "bad.gguf", content);
        assertThatThrownBy(() -> GgufFile.open(path))
                .isInstanceOfSatisfying(GgufFormatException.class, failure -> assertThat(failure.file())
                        .isEqualTo(path))
                .hasMessage(subjectActualExpected + " in " + path + remedy);
        Files.delete(path);
    }
}
