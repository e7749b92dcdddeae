package dev.squall.tokenizer;

import java.util.Arrays;

/**
 * GPT-2's way to write any byte as a printable character: bytes that print in Latin-1 stand for themselves, the
 * others for U+0100 onwards in order. Byte-level vocabularies list their pieces in it.
 */
final class ByteAlphabet {
    static final int NONE = -1;

    private static final short[] BYTES = new short[0x144];

    static {
        Arrays.fill(BYTES, (short) NONE);
        char next = 0x100;
        for (int value = 0; value < 256; value++) {
            boolean prints = (value >= '!' && value <= '~') || (value >= 0xA1 && value != 0xAD);
            char character = prints ? (char) value : next++;
            BYTES[character] = (short) value;
        }
    }

    private ByteAlphabet() {}

    /**
     * Writes the bytes that text[from, to) stands for and returns where they end in target, or {@link #NONE} if it is no
     * such text.
     */
    static int decode(String text, int from, int to, byte[] target, int offset) {
        int end = offset;
        for (int i = from; i < to; i++) {
            char character = text.charAt(i);
            int value = character < BYTES.length ? BYTES[character] : NONE;
            if (value == NONE) {
                return NONE;
            }
            target[end++] = (byte) value;
        }
        return end;
    }
}
