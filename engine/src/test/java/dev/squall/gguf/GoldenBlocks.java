package dev.squall.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

/**
 * Makes {@code golden-blocks.txt} again, blocks and what ggml's reference functions make of them:
 *
 * <pre>java GoldenBlocks LIBGGML_BASE OUTPUT</pre>
 *
 * with the test classes on the class path, the path of llama.cpp's libggml-base shared library (the npm package
 * node-llama-cpp 3.22 holds one), and the file to write.
 */
final class GoldenBlocks {
    /** The types whose encoding is ggml's bit for bit. */
    static final Set<BlockType> SAME_ENCODING =
            Set.of(BlockType.Q4_0, BlockType.Q4_1, BlockType.Q5_0, BlockType.Q5_1, BlockType.Q8_0, BlockType.MXFP4);

    private static final int RANDOM_BLOCKS = 3;

    private final SymbolLookup library;
    private final Arena arena;
    private final Random random = new Random(20_261_122L);
    private final List<String> lines = new ArrayList<>();

    private GoldenBlocks(SymbolLookup library, Arena arena) {
        this.library = library;
        this.arena = arena;
    }

    /** Runs the generator on a library's path and an output file. */
    @SuppressWarnings("restricted")
    public static void main(String[] arguments) throws Throwable {
        if (arguments.length != 2) {
            throw new IllegalArgumentException(
                    "arguments: %d, expected the path of libggml-base and a file to write".formatted(arguments.length));
        }
        try (Arena arena = Arena.ofConfined()) {
            GoldenBlocks golden = new GoldenBlocks(SymbolLookup.libraryLookup(Path.of(arguments[0]), arena), arena);
            golden.lines.add(
                    "# Blocks and floats in hexadecimal, made by ggml's dequantize_row_* and quantize_row_*_ref:");
            golden.lines.add(
                    "# decode TYPE BLOCK FLOATS, encode TYPE FLOATS BLOCK. GoldenBlocks.java makes them again.");
            for (BlockType type : BlockType.values()) {
                if (type.blockElements() > 1) {
                    golden.addDecoded(type);
                }
                if (SAME_ENCODING.contains(type)) {
                    golden.addEncoded(type);
                }
            }
            Files.write(Path.of(arguments[1]), golden.lines);
        }
    }

    private void addDecoded(BlockType type) throws Throwable {
        MethodHandle dequantize = function("dequantize_row_" + ggmlName(type));
        int blocks = 0;
        while (blocks < RANDOM_BLOCKS) {
            byte[] bytes = new byte[type.blockBytes()];
            random.nextBytes(bytes);
            MemorySegment block = arena.allocate(bytes.length, Long.BYTES).copyFrom(MemorySegment.ofArray(bytes));
            MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, type.blockElements());
            dequantize.invokeExact(block, out, (long) type.blockElements());
            float[] floats = out.toArray(ValueLayout.JAVA_FLOAT);
            if (allFinite(floats)) {
                lines.add("decode " + type + " " + HexFormat.of().formatHex(bytes) + " " + hex(floats));
                blocks++;
            }
        }
    }

    private void addEncoded(BlockType type) throws Throwable {
        MethodHandle quantize = function("quantize_row_" + ggmlName(type) + "_ref");
        for (int i = 0; i < RANDOM_BLOCKS; i++) {
            float[] floats = new float[type.blockElements()];
            for (int j = 0; j < floats.length; j++) {
                floats[j] = (float) (Math.scalb(1.0, 4 * i - 8) * (random.nextGaussian() + i));
            }
            MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, floats);
            MemorySegment block = arena.allocate(type.blockBytes(), Long.BYTES);
            quantize.invokeExact(in, block, (long) floats.length);
            lines.add("encode " + type + " " + hex(floats) + " "
                    + HexFormat.of().formatHex(block.toArray(ValueLayout.JAVA_BYTE)));
        }
    }

    /** A C function of a source, a target and a number of elements. */
    @SuppressWarnings("restricted")
    private MethodHandle function(String name) {
        return Linker.nativeLinker()
                .downcallHandle(
                        library.find(name).orElseThrow(() -> new IllegalArgumentException("library: no " + name)),
                        FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
    }

    private static String ggmlName(BlockType type) {
        return type.name().endsWith("_K")
                ? type.name().replace('Q', 'q')
                : type.name().toLowerCase(Locale.ROOT);
    }

    private static boolean allFinite(float[] floats) {
        for (float value : floats) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    static String hex(float[] floats) {
        StringBuilder hex = new StringBuilder();
        for (float value : floats) {
            hex.append(HexFormat.of().toHexDigits(Float.floatToRawIntBits(value)));
        }
        return hex.toString();
    }

    static float[] floats(String hex) {
        float[] floats = new float[hex.length() / 8];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = Float.intBitsToFloat(HexFormat.fromHexDigits(hex, 8 * i, 8 * i + 8));
        }
        return floats;
    }

    /** The lines of the golden file without its comments, each split at spaces. */
    static List<String[]> read() throws IOException {
        try (var stream = GoldenBlocks.class.getResourceAsStream("golden-blocks.txt")) {
            if (stream == null) {
                throw new IOException("golden-blocks.txt: missing, expected beside the test classes");
            }
            return new String(stream.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(" ", -1))
                    .toList();
        }
    }
}
