package dev.squall.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads the header of one GGUF file front to back and checks every length and count against the bytes that are left
 * before using it. Keeps what it is reading as the subject of errors. One thread only.
 */
final class HeaderCursor {
    private final Path file;
    private final MemorySegment header;
    private final boolean fileGoesOn;
    private String subject = "header";
    private long position;
    private int nestedArrays;

    HeaderCursor(Path file, MemorySegment mapped) {
        this.file = file;
        this.fileGoesOn = mapped.byteSize() > GgufLimits.HEADER_BYTES_MAX;
        this.header = fileGoesOn ? mapped.asSlice(0, GgufLimits.HEADER_BYTES_MAX) : mapped;
    }

    /** Names what is read next, as errors will show it. */
    void nowReading(String nextSubject) {
        subject = nextSubject;
    }

    long position() {
        return position;
    }

    int uint32AsBits() {
        need(Integer.BYTES);
        int bits = header.get(LittleEndian.INT32, position);
        position += Integer.BYTES;
        return bits;
    }

    long uint64AsBits() {
        need(Long.BYTES);
        long bits = header.get(LittleEndian.INT64, position);
        position += Long.BYTES;
        return bits;
    }

    /** A 64-bit count of things of at least {@code bytesMin} bytes each, not more than {@code max}. */
    int count(String things, int bytesMin, int max) {
        long count = uint64AsBits();
        if (count < 0 || count > max) {
            throw failure(
                    "%s=%s".formatted(things, Long.toUnsignedString(count)),
                    "at most %d".formatted(max),
                    "the file is damaged or not made for inference");
        }
        if (count * bytesMin > remaining()) {
            throw failure(
                    "%s=%d".formatted(things, count),
                    "at most %d in the %d bytes that are left".formatted(remaining() / bytesMin, remaining()),
                    truncationRemedy());
        }
        return (int) count;
    }

    /** A string that names something, so it must be valid UTF-8 and not empty. */
    String name(String what, int bytesMax) {
        int length = count("length of " + what, 1, bytesMax);
        if (length == 0) {
            throw failure("empty " + what, "a name", null);
        }
        ByteBuffer bytes = header.asSlice(position, length).asByteBuffer();
        position += length;
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException malformed) {
            GgufFormatException failure = failure(what + " of bytes that are no UTF-8", "a name in UTF-8", null);
            failure.initCause(malformed);
            throw failure;
        }
    }

    GgufValueType valueType() {
        int id = uint32AsBits();
        return GgufValueType.fromId(id)
                .orElseThrow(() -> failure("value type " + Integer.toUnsignedString(id), "0 to 12", null));
    }

    GgufValue value(GgufValueType type) {
        return switch (type) {
            case STRING -> new GgufValue.Text(text());
            case ARRAY -> array(1);
            case BOOL -> {
                need(1);
                checkBools(1);
                yield number(type);
            }
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64, FLOAT32, FLOAT64 -> {
                need(type.bytesMin());
                yield number(type);
            }
        };
    }

    private GgufValue number(GgufValueType type) {
        GgufValue value = PackedNumbers.read(type, header, position);
        position += type.bytesMin();
        return value;
    }

    private String text() {
        int length = count("string length", 1, GgufLimits.STRING_BYTES_MAX);
        byte[] bytes = header.asSlice(position, length).toArray(ValueLayout.JAVA_BYTE);
        position += length;
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private GgufValue.Array array(int depth) {
        if (depth > GgufLimits.ARRAY_DEPTH_MAX) {
            throw failure("arrays nested %d deep".formatted(depth), "at most " + GgufLimits.ARRAY_DEPTH_MAX, null);
        }
        GgufValueType elementType = valueType();
        int length = count("array length", elementType.bytesMin(), GgufLimits.ARRAY_ELEMENTS_MAX);
        return switch (elementType) {
            case STRING -> texts(length);
            case ARRAY -> arrays(length, depth);
            case BOOL -> {
                checkBools(length);
                yield numbers(elementType, length);
            }
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64, FLOAT32, FLOAT64 ->
                numbers(elementType, length);
        };
    }

    private PackedNumbers numbers(GgufValueType elementType, int length) {
        long bytes = (long) length * elementType.bytesMin();
        PackedNumbers numbers =
                new PackedNumbers(elementType, header.asSlice(position, bytes).toArray(ValueLayout.JAVA_BYTE));
        position += bytes;
        return numbers;
    }

    private PackedTexts texts(int length) {
        long first = position;
        int[] starts = new int[length + 1];
        for (int i = 0; i < length; i++) {
            int textBytes = count("string length", 1, GgufLimits.STRING_BYTES_MAX);
            starts[i] = (int) (position - first);
            position += textBytes;
        }
        starts[length] = (int) (position - first) + Long.BYTES;
        return new PackedTexts(header.asSlice(first, position - first).toArray(ValueLayout.JAVA_BYTE), starts);
    }

    private NestedArrays arrays(int length, int depth) {
        nestedArrays += length;
        if (nestedArrays > GgufLimits.NESTED_ARRAYS_MAX) {
            throw failure(
                    "%d arrays within arrays".formatted(nestedArrays),
                    "at most %d in one file".formatted(GgufLimits.NESTED_ARRAYS_MAX),
                    null);
        }
        List<GgufValue.Array> arrays = new ArrayList<>(length);
        for (int i = 0; i < length; i++) {
            arrays.add(array(depth + 1));
        }
        return new NestedArrays(arrays);
    }

    private void checkBools(int length) {
        for (int i = 0; i < length; i++) {
            int bool = LittleEndian.unsigned8(header, position + i);
            if (bool > 1) {
                throw failure("bool of value " + bool, "0 or 1", null);
            }
        }
    }

    private long remaining() {
        return header.byteSize() - position;
    }

    private void need(int bytes) {
        if (bytes > remaining()) {
            throw failure(
                    "%s at byte %d".formatted(fileGoesOn ? "header not over" : "file ends", header.byteSize()),
                    "%d more bytes at byte %d".formatted(bytes, position),
                    truncationRemedy());
        }
    }

    private @Nullable String truncationRemedy() {
        return fileGoesOn
                ? String.format(Locale.ROOT, "a header may take %d bytes", GgufLimits.HEADER_BYTES_MAX)
                : "the file is truncated or damaged, download it again";
    }

    GgufFormatException failure(String actual, String expected, @Nullable String remedy) {
        return new GgufFormatException(file, subject, actual, expected, remedy);
    }
}
