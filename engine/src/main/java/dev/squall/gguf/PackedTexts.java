package dev.squall.gguf;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;

/**
 * A metadata array of strings: the bytes of the file, each string behind its 64-bit length, and where each string starts.
 * A vocabulary of 256 k strings is two arrays here; strings are made when they are asked for.
 */
final class PackedTexts implements GgufValue.Array {
    private static final int LENGTH_BYTES = 8;

    private final byte[] bytes;

    /** Where the content of string i starts; one entry more than strings, as if another string followed the last. */
    private final int[] starts;

    /** Takes over both arrays, which {@link HeaderCursor} has checked. */
    PackedTexts(byte[] bytes, int[] starts) {
        this.bytes = bytes;
        this.starts = starts;
    }

    static PackedTexts of(List<byte[]> texts) {
        long size = 0;
        for (byte[] text : texts) {
            size += LENGTH_BYTES + text.length;
        }
        byte[] bytes = new byte[Math.toIntExact(size)];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        int[] starts = new int[texts.size() + 1];
        int position = LENGTH_BYTES;
        for (int i = 0; i < texts.size(); i++) {
            byte[] text = texts.get(i);
            segment.set(LittleEndian.INT64, position - LENGTH_BYTES, text.length);
            System.arraycopy(text, 0, bytes, position, text.length);
            starts[i] = position;
            position += text.length + LENGTH_BYTES;
        }
        starts[texts.size()] = position;
        return new PackedTexts(bytes, starts);
    }

    MemorySegment bytes() {
        return MemorySegment.ofArray(bytes).asReadOnly();
    }

    @Override
    public GgufValueType elementType() {
        return GgufValueType.STRING;
    }

    @Override
    public int length() {
        return starts.length - 1;
    }

    @Override
    public GgufValue get(int index) {
        return new GgufValue.Text(text(index));
    }

    String text(int index) {
        return new String(bytes, starts[index], textBytes(index), StandardCharsets.UTF_8);
    }

    private int textBytes(int index) {
        return starts[index + 1] - LENGTH_BYTES - starts[index];
    }

    /** A view that makes each string on each call. */
    List<String> asList() {
        return new TextList(this);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PackedTexts texts && Arrays.equals(bytes, texts.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return display(80);
    }

    private static final class TextList extends AbstractList<String> implements RandomAccess {
        private final PackedTexts texts;

        private TextList(PackedTexts texts) {
            this.texts = texts;
        }

        @Override
        public String get(int index) {
            return texts.text(index);
        }

        @Override
        public int size() {
            return texts.length();
        }
    }
}
