package dev.squall.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufMetadataTest {
    @TempDir
    private Path directory;

    /** One value of each type at its limits, and arrays of each type, empty ones too. */
    static Map<String, GgufValue> everyType() {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("u8", new GgufValue.Whole(GgufValueType.UINT8, 255));
        values.put("i8", new GgufValue.Whole(GgufValueType.INT8, -128));
        values.put("u16", new GgufValue.Whole(GgufValueType.UINT16, 65_535));
        values.put("i16", new GgufValue.Whole(GgufValueType.INT16, -32_768));
        values.put("u32", GgufValue.uint32(0xFFFF_FFFFL));
        values.put("i32", GgufValue.int32(Integer.MIN_VALUE));
        values.put("u64", new GgufValue.Whole(GgufValueType.UINT64, -1));
        values.put("i64", GgufValue.int64(Long.MIN_VALUE));
        values.put("f32", GgufValue.float32(1e-6f));
        values.put("f64", new GgufValue.Real(GgufValueType.FLOAT64, Math.PI));
        values.put("bool", GgufValue.bool(true));
        values.put("string", GgufValue.string("größer 模型\n\u0000"));
        values.put("empty string", GgufValue.string(""));
        for (GgufValueType type : GgufValueType.values()) {
            if (type.isInteger()) {
                values.put(type + "s", GgufValue.wholes(type, 0, 1, 127));
            }
        }
        values.put("float32s", GgufValue.float32s(0.5f, -0f, Float.NaN));
        values.put("float64s", GgufValue.reals(GgufValueType.FLOAT64, Math.E, Double.MAX_VALUE));
        values.put("bools", GgufValue.bools(true, false, true));
        values.put("strings", GgufValue.strings(List.of("", "ab", "", "Ġé")));
        values.put("no strings", GgufValue.strings(List.of()));
        values.put("no ints", GgufValue.int32s());
        values.put(
                "nested",
                GgufValue.arrays(List.of(
                        GgufValue.int32s(1, 2),
                        GgufValue.strings(List.of("x")),
                        GgufValue.arrays(List.of(GgufValue.bools(false))),
                        GgufValue.arrays(List.of()))));
        return values;
    }

    @Test
    void readsBackEveryType() throws IOException {
        Path path = directory.resolve("every.gguf");
        GgufWriter writer = new GgufWriter();
        everyType().forEach(writer::metadata);
        writer.write(path);
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.metadata().entries()).containsExactlyEntriesOf(everyType());
        }
    }

    @Test
    void readsIntegersOfAnyTypeThatFit() {
        GgufMetadata metadata = new GgufMetadata(Path.of("m.gguf"), everyType());
        assertThat(metadata.int32("u8")).isEqualTo(255);
        assertThat(metadata.int32("i8")).isEqualTo(-128);
        assertThat(metadata.int32("i32")).isEqualTo(Integer.MIN_VALUE);
        assertThat(metadata.int64("u32")).isEqualTo(0xFFFF_FFFFL);
        assertThat(metadata.int64("i64")).isEqualTo(Long.MIN_VALUE);
        assertThat(metadata.ints("uint64s")).containsExactly(0, 1, 127);
        assertThat(metadata.ints("int8s")).containsExactly(0, 1, 127);
        assertThat(metadata.ints("no ints")).isEmpty();
        assertThat(metadata.float32("f64")).isEqualTo((float) Math.PI);
        assertThat(metadata.floats("float32s")).containsExactly(0.5f, -0f, Float.NaN);
        assertThat(metadata.floats("float64s")).containsExactly((float) Math.E, Float.POSITIVE_INFINITY);
        assertThat(metadata.bools("bools")).containsExactly(true, false, true);
        assertThat(metadata.bool("bool")).isTrue();
        assertThat(metadata.strings("strings")).containsExactly("", "ab", "", "Ġé");
        assertThat(metadata.string("string")).isEqualTo("größer 模型\n\u0000");
    }

    @Test
    void namesKeyAndFileWhenAValueIsMissingOrOfTheWrongType() {
        GgufMetadata metadata = new GgufMetadata(Path.of("m.gguf"), everyType());
        assertFails(
                () -> metadata.int32("absent"),
                "metadata 'absent': missing, expected an integer from -2^31 to 2^31-1 in m.gguf");
        assertFails(
                () -> metadata.int32("u32"),
                "metadata 'u32': uint32 4294967295, expected an integer from -2^31 to 2^31-1 in m.gguf");
        assertFails(
                () -> metadata.int64("u64"),
                "metadata 'u64': uint64 18446744073709551615, expected an integer from -2^63 to 2^63-1 in m.gguf");
        assertFails(
                () -> metadata.int64("f32"),
                "metadata 'f32': float32 1.0E-6, expected an integer from -2^63 to 2^63-1 in m.gguf");
        assertFails(
                () -> metadata.float32("i8"), "metadata 'i8': int8 -128, expected a floating-point number in m.gguf");
        assertFails(() -> metadata.bool("u8"), "metadata 'u8': uint8 255, expected a bool in m.gguf");
        assertFails(
                () -> metadata.string("strings"),
                "metadata 'strings': string[4] {, ab, , Ġé}, expected a string in m.gguf");
        assertFails(
                () -> metadata.strings("string"),
                "metadata 'string': string größer 模型\\n\\u{0}, expected an array of strings in m.gguf");
        assertFails(
                () -> metadata.ints("float32s"),
                "metadata 'float32s': float32[3] {0.5, -0.0, NaN}, expected an array of integers from -2^31 to 2^31-1 in m.gguf");
        assertFails(
                () -> metadata.floats("int8s"),
                "metadata 'int8s': int8[3] {0, 1, 127}, expected an array of floating-point numbers in m.gguf");
        assertFails(
                () -> metadata.bools("int8s"),
                "metadata 'int8s': int8[3] {0, 1, 127}, expected an array of bools in m.gguf");
    }

    @Test
    void fallsBackOnlyWhereTheKeyIsAbsent() {
        GgufMetadata metadata = new GgufMetadata(Path.of("m.gguf"), everyType());
        assertThat(metadata.stringOrElse("absent", "x")).isEqualTo("x");
        assertThat(metadata.int32OrElse("absent", 7)).isEqualTo(7);
        assertThat(metadata.boolOrElse("absent", true)).isTrue();
        assertThat(metadata.int32OrElse("u8", 7)).isEqualTo(255);
        assertFails(
                () -> metadata.int32OrElse("string", 7),
                "metadata 'string': string größer 模型\\n\\u{0}, expected an integer from -2^31 to 2^31-1 in m.gguf");
    }

    @Test
    void showsLongArraysShort() {
        GgufValue.Array vocabulary = GgufValue.strings(
                IntStream.range(0, 100_000).mapToObj(i -> "token" + i).toList());
        assertThat(vocabulary.display(40)).isEqualTo("string[100000] {token0, token1, token...");
        assertThat(GgufValue.arrays(List.of(GgufValue.int32s(1), GgufValue.bools(true)))
                        .display(80))
                .isEqualTo("array[2] {int32[1] {1}, bool[1] {true}}");
        assertThat(GgufValue.string("\u001b[31mred\u202e").display(80)).isEqualTo("\\u{1b}[31mred\\u{202e}");
    }

    @Test
    void keepsAVocabularyPacked() throws IOException {
        int tokens = 300_000;
        Path path = directory.resolve("vocabulary.gguf");
        new GgufWriter()
                .metadata(
                        "tokenizer.ggml.tokens",
                        GgufValue.strings(IntStream.range(0, tokens)
                                .mapToObj(i -> "t" + i)
                                .toList()))
                .metadata("tokenizer.ggml.scores", GgufValue.float32s(new float[tokens]))
                .write(path);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        try (GgufFile file = GgufFile.open(path)) {
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            List<String> strings = file.metadata().strings("tokenizer.ggml.tokens");
            assertThat(strings).hasSize(tokens);
            assertThat(strings.get(tokens - 1)).isEqualTo("t" + (tokens - 1));
            assertThat(allocated).isLessThan(24L * tokens + (4 << 20));
        }
    }

    @Test
    void refusesToHoldNumbersOutOfTheirType() {
        assertThatThrownBy(() -> GgufValue.uint32(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("whole number: -1, expected the range of uint32");
        assertThatThrownBy(() -> GgufValue.wholes(GgufValueType.UINT8, 256))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GgufValue.wholes(GgufValueType.STRING, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GgufValue.reals(GgufValueType.INT8, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    private static void assertFails(Runnable getter, String message) {
        assertThatThrownBy(getter::run).isInstanceOf(GgufFormatException.class).hasMessage(message);
    }
}
