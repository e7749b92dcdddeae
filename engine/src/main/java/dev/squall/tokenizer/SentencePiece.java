package dev.squall.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/**
 * SentencePiece's BPE as Llama 2 and Mixtral use it: of all neighbouring pieces whose concatenation is a token, the
 * pair with the best score is merged first, over the whole text; characters without a token fall back to byte tokens.
 * Immutable; any thread may use it.
 */
final class SentencePiece implements TextEncoder {
    private static final int NONE = -1;

    private final PieceTable pieces;
    /** For each token a number that is the smaller, the better its score. */
    private final int[] order;
    /** The token of each byte, or NONE. */
    private final int[] byteTokens;

    private final OptionalInt unknown;
    private final boolean addsSpacePrefix;

    /**
     * @param pieces the tokens' bytes by id, with plain spaces
     * @param byteTokens the token of each of the 256 bytes, -1 where there is none
     */
    SentencePiece(
            PieceTable pieces, Vocabulary vocabulary, int[] byteTokens, OptionalInt unknown, boolean addsSpacePrefix) {
        this.pieces = pieces;
        this.byteTokens = byteTokens;
        this.unknown = unknown;
        this.addsSpacePrefix = addsSpacePrefix;
        order = new int[vocabulary.size()];
        for (int token = 0; token < order.length; token++) {
            float score = vocabulary.score(token);
            if (Float.isNaN(score)) {
                throw new TokenizerException("tokenizer.ggml.scores[" + token + "]=NaN, expected a number");
            }
            // Adding zero makes -0 and 0 one; the bits of a float, with those of a negative one flipped, sort as it
            // does.
            int bits = Float.floatToIntBits(score + 0f);
            order[token] = ~(bits ^ (bits >> 31 & Integer.MAX_VALUE));
        }
        pieces.trim();
    }

    @Override
    public void encode(String text, TokenBuffer tokens) {
        String spaced = (addsSpacePrefix ? " " + text : text).replace('\u2581', ' ');
        byte[] bytes = spaced.getBytes(StandardCharsets.UTF_8);
        Symbols symbols = new Symbols(bytes);
        for (int left = 0; symbols.next[left] != NONE; left = symbols.next[left]) {
            push(symbols, left);
        }
        while (!symbols.heap.isEmpty()) {
            long entry = symbols.heap.pop();
            int left = (int) entry;
            int token = symbols.end[left] == NONE ? NONE : mergedToken(symbols, left);
            // A pair that has changed since is in the heap again under its new score.
            if (token == NONE || order[token] != (int) (entry >> 32)) {
                continue;
            }
            symbols.merge(left);
            if (symbols.previous[left] != NONE) {
                push(symbols, symbols.previous[left]);
            }
            push(symbols, left);
        }
        for (int at = 0; at != NONE; at = symbols.next[at]) {
            addToken(bytes, symbols.start[at], symbols.end[at], tokens);
        }
    }

    private void addToken(byte[] bytes, int from, int to, TokenBuffer tokens) {
        int token = pieces.find(bytes, from, to);
        if (token != PieceTable.ABSENT) {
            tokens.add(token);
            return;
        }
        for (int i = from; i < to; i++) {
            int byteToken = byteTokens[bytes[i] & 0xFF];
            if (byteToken == NONE) {
                tokens.add(unknown.orElseThrow(() -> new TokenizerException(
                        "the vocabulary has neither byte tokens nor an unknown token, so it cannot encode '"
                                + new String(bytes, from, to - from, StandardCharsets.UTF_8) + "'")));
                return;
            }
            tokens.add(byteToken);
        }
    }

    private int mergedToken(Symbols symbols, int left) {
        int right = symbols.next[left];
        return right == NONE ? NONE : pieces.find(symbols.bytes, symbols.start[left], symbols.end[right]);
    }

    private void push(Symbols symbols, int left) {
        int token = mergedToken(symbols, left);
        if (token != NONE) {
            symbols.heap.push(((long) order[token] << 32) | left);
        }
    }

    /** The text being merged: a doubly linked list of byte ranges in arrays, at first one for each character. */
    private static final class Symbols {
        private final LongHeap heap = new LongHeap();
        private final byte[] bytes;
        private final int[] start;
        /** Where a symbol ends; NONE once it was merged into one to its left. */
        private final int[] end;

        private final int[] previous;
        private final int[] next;

        Symbols(byte[] bytes) {
            this.bytes = bytes;
            start = new int[bytes.length];
            end = new int[bytes.length];
            previous = new int[bytes.length];
            next = new int[bytes.length];
            int count = 0;
            for (int i = 0; i < bytes.length; i++) {
                boolean continues = (bytes[i] & 0xC0) == 0x80;
                if (!continues) {
                    start[count] = i;
                    previous[count] = count - 1;
                    next[count] = count + 1;
                    count++;
                }
                end[count - 1] = i + 1;
            }
            next[count - 1] = NONE;
        }

        void merge(int left) {
            int right = next[left];
            end[left] = end[right];
            end[right] = NONE;
            next[left] = next[right];
            if (next[left] != NONE) {
                previous[next[left]] = left;
            }
        }
    }
}
