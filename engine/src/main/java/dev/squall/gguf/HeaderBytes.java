package dev.squall.gguf;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Collects the header of a file in its layout, the counterpart of {@link HeaderCursor}. One thread only. */
final class HeaderBytes {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    void int32(int value) {
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            bytes.write(value >>> shift);
        }
    }

    void int64(long value) {
        int32((int) value);
        int32((int) (value >>> Integer.SIZE));
    }

    void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int64(utf8.length);
        bytes.writeBytes(utf8);
    }

    void entry(String key, GgufValue value) {
        text(key);
        int32(value.type().id());
        content(value);
    }

    private void content(GgufValue value) {
        switch (value) {
            case GgufValue.Text(String text) -> text(text);
            case GgufValue.Array array -> {
                int32(array.elementType().id());
                int64(array.length());
                switch (array) {
                    case PackedNumbers numbers -> raw(numbers.bytes());
                    case PackedTexts texts -> raw(texts.bytes());
                    case NestedArrays(var arrays) -> arrays.forEach(this::content);
                }
            }
            case GgufValue.Whole _, GgufValue.Real _, GgufValue.Bool _ -> {
                MemorySegment number =
                        MemorySegment.ofArray(new byte[value.type().bytesMin()]);
                PackedNumbers.write(number, 0, value);
                raw(number);
            }
        }
    }

    private void raw(MemorySegment segment) {
        bytes.writeBytes(segment.toArray(ValueLayout.JAVA_BYTE));
    }

    byte[] toByteArray() {
        return bytes.toByteArray();
    }
}
