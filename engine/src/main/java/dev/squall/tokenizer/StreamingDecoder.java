package dev.squall.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Turns tokens into text as they come: each call returns the characters that became whole, and holds back the bytes
 * of one that is split over tokens. What the calls return, one after the other, is what {@link Tokenizer#decode}
 * makes of all tokens at once. One thread at a time.
 */
public final class StreamingDecoder {
    private final Tokenizer tokenizer;
    private byte[] held = new byte[64];
    private int heldCount;
    private boolean dropsSpace;

    StreamingDecoder(Tokenizer tokenizer, boolean dropsFirstSpace) {
        this.tokenizer = tokenizer;
        this.dropsSpace = dropsFirstSpace;
    }

    /** The text that is whole with this token; empty for a control token and within a character. */
    public String accept(int token) {
        byte[] bytes = tokenizer.bytes(token);
        if (bytes.length == 0) {
            return "";
        }
        int from = dropsSpace && bytes[0] == ' ' ? 1 : 0;
        dropsSpace = false;
        if (heldCount + bytes.length > held.length) {
            held = Arrays.copyOf(held, (heldCount + bytes.length) * 2);
        }
        System.arraycopy(bytes, from, held, heldCount, bytes.length - from);
        heldCount += bytes.length - from;
        int whole = heldCount - Utf8.unfinished(held, heldCount);
        String text = new String(held, 0, whole, StandardCharsets.UTF_8);
        System.arraycopy(held, whole, held, 0, heldCount - whole);
        heldCount -= whole;
        return text;
    }

    /** Ends the text: U+FFFD if a character was left unfinished, nothing otherwise. */
    public String finish() {
        String text = new String(held, 0, heldCount, StandardCharsets.UTF_8);
        heldCount = 0;
        return text;
    }
}
