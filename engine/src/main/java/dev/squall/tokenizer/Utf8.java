package dev.squall.tokenizer;

/** UTF-8 facts that the JDK keeps to itself. */
final class Utf8 {
    static final int REPLACEMENT = 0xFFFD;

    private Utf8() {}

    /** Writes a code point and returns where it ends. */
    static int write(int codePoint, byte[] target, int offset) {
        if (codePoint < 0x80) {
            target[offset] = (byte) codePoint;
            return offset + 1;
        }
        if (codePoint < 0x800) {
            target[offset] = (byte) (0xC0 | codePoint >> 6);
            target[offset + 1] = continuation(codePoint);
            return offset + 2;
        }
        if (codePoint < 0x10000) {
            target[offset] = (byte) (0xE0 | codePoint >> 12);
            target[offset + 1] = continuation(codePoint >> 6);
            target[offset + 2] = continuation(codePoint);
            return offset + 3;
        }
        target[offset] = (byte) (0xF0 | codePoint >> 18);
        target[offset + 1] = continuation(codePoint >> 12);
        target[offset + 2] = continuation(codePoint >> 6);
        target[offset + 3] = continuation(codePoint);
        return offset + 4;
    }

    /** How many bytes at the end of bytes[0, length) begin a character that is not finished yet: 0 to 3. */
    static int unfinished(byte[] bytes, int length) {
        for (int back = 1; back <= Math.min(3, length); back++) {
            int value = bytes[length - back] & 0xFF;
            if (value < 0x80) {
                return 0;
            }
            if (value >= 0xC0) {
                int expected = value >= 0xF5 ? 0 : value >= 0xF0 ? 4 : value >= 0xE0 ? 3 : value >= 0xC2 ? 2 : 0;
                return expected > back ? back : 0;
            }
        }
        return 0;
    }

    /** The text with every surrogate that has no partner replaced by U+FFFD, as no UTF-8 can hold it. */
    static String wellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return replaceLoneSurrogates(text);
            }
        }
        return text;
    }

    private static String replaceLoneSurrogates(String text) {
        StringBuilder result = new StringBuilder(text.length());
        text.codePoints()
                .map(codePoint -> codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE
                        ? REPLACEMENT
                        : codePoint)
                .forEach(result::appendCodePoint);
        return result.toString();
    }

    private static byte continuation(int bits) {
        return (byte) (0x80 | (bits & 0x3F));
    }
}
