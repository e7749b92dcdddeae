package dev.squall.tokenizer;

import java.util.Arrays;
import java.util.List;

/**
 * Byte-level byte-pair encoding: text is split into words, each word into bytes, and within a word the neighbouring
 * pieces whose merge was learnt earliest are merged until no merge is left. Immutable; any thread may use it.
 */
final class BytePairEncoding implements TextEncoder {
    /** The longest word merged without a heap: finding the best of few merges by looking is faster. */
    private static final int SHORT_WORD_BYTES = 24;

    private static final int NONE = -1;

    private final PieceTable pieces;
    private final int vocabularySize;
    private final MergeTable merges;
    /** The piece of each byte; a piece that is no token where the vocabulary lacks the byte. */
    private final int[] bytePieces = new int[256];

    private final WordSplitter splitter;
    private final boolean takesWholeWords;

    /**
     * @param pieces the tokens' bytes by id; pieces of merges that are no tokens are added behind them
     * @param merges pairs in the GPT-2 alphabet, each separated by a space, the earliest learnt first
     */
    BytePairEncoding(PieceTable pieces, List<String> merges, PreTokenizer preTokenizer) {
        this.pieces = pieces;
        this.vocabularySize = pieces.count();
        this.splitter = new WordSplitter(preTokenizer);
        this.takesWholeWords = preTokenizer.takesWholeWords();
        byte[] single = new byte[1];
        for (int value = 0; value < 256; value++) {
            single[0] = (byte) value;
            bytePieces[value] = findOrAdd(single, 0, 1);
        }
        this.merges = readMerges(merges);
        pieces.trim();
    }

    private MergeTable readMerges(List<String> pairs) {
        MergeTable table = new MergeTable(pairs.size());
        byte[] bytes = new byte[256];
        int rank = 0;
        int merged = 0;
        for (String pair : pairs) {
            if (bytes.length < pair.length()) {
                bytes = new byte[pair.length() * 2];
            }
            // A space inside a piece is written in the alphabet; the first one after a character separates.
            int space = pair.indexOf(' ', 1);
            int middle = space < 0 ? ByteAlphabet.NONE : ByteAlphabet.decode(pair, 0, space, bytes, 0);
            int end = middle == ByteAlphabet.NONE
                    ? ByteAlphabet.NONE
                    : ByteAlphabet.decode(pair, space + 1, pair.length(), bytes, middle);
            // At least a byte each.
            if (middle < 1 || end <= middle) {
                throw malformed(rank, pair);
            }
            // Most vocabularies list the merged pieces in the order of their merges: a guess that spares a look-up.
            boolean guessed = merged + 1 < vocabularySize && pieces.finds(merged + 1, bytes, 0, end);
            merged = guessed ? merged + 1 : findOrAdd(bytes, 0, end);
            table.add(findOrAdd(bytes, 0, middle), findOrAdd(bytes, middle, end), rank++, merged);
        }
        return table;
    }

    private static TokenizerException malformed(int rank, String pair) {
        return new TokenizerException("tokenizer.ggml.merges[" + rank + "]='" + pair
                + "', expected two pieces in the byte alphabet of GPT-2 separated by a space");
    }

    private int findOrAdd(byte[] bytes, int from, int to) {
        int piece = pieces.find(bytes, from, to);
        return piece != PieceTable.ABSENT ? piece : pieces.addDistinct(bytes, from, to);
    }

    @Override
    public void encode(String text, TokenBuffer tokens) {
        int[] codePoints = new int[text.length()];
        int length = 0;
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            codePoints[length++] = codePoint;
            i += Character.charCount(codePoint);
        }
        Word word = new Word();
        int start = 0;
        for (int end : splitter.wordEnds(codePoints, length)) {
            word.set(codePoints, start, end);
            encode(word, tokens);
            start = end;
        }
    }

    private void encode(Word word, TokenBuffer tokens) {
        if (takesWholeWords) {
            int whole = pieces.find(word.bytes, 0, word.byteCount);
            if (whole != PieceTable.ABSENT && whole < vocabularySize) {
                tokens.add(whole);
                return;
            }
        }
        word.splitIntoBytes(bytePieces);
        if (word.byteCount <= SHORT_WORD_BYTES) {
            mergeByLooking(word);
        } else {
            mergeByHeap(word);
        }
        for (int at = 0; at != NONE; at = word.next[at]) {
            int piece = word.piece[at];
            if (piece < vocabularySize) {
                tokens.add(piece);
            } else {
                addBytes(piece, tokens);
            }
        }
    }

    private void mergeByLooking(Word word) {
        while (true) {
            long best = Long.MAX_VALUE;
            int bestLeft = NONE;
            for (int left = 0; word.next[left] != NONE; left = word.next[left]) {
                long merge = merges.find(word.piece[left], word.piece[word.next[left]]);
                if (merge != MergeTable.ABSENT && merge < best) {
                    best = merge;
                    bestLeft = left;
                }
            }
            if (bestLeft == NONE) {
                return;
            }
            word.merge(bestLeft, (int) best);
        }
    }

    /** The same in O(n log n): a heap entry is a rank over the left piece's place, stale once the pair has changed. */
    private void mergeByHeap(Word word) {
        LongHeap heap = word.heap;
        heap.clear();
        for (int left = 0; word.next[left] != NONE; left = word.next[left]) {
            push(word, left);
        }
        while (!heap.isEmpty()) {
            long entry = heap.pop();
            int left = (int) entry;
            int right = word.piece[left] == NONE ? NONE : word.next[left];
            if (right == NONE) {
                continue;
            }
            long merge = merges.find(word.piece[left], word.piece[right]);
            if (merge == MergeTable.ABSENT || merge >>> 32 != entry >>> 32) {
                continue;
            }
            word.merge(left, (int) merge);
            if (word.previous[left] != NONE) {
                push(word, word.previous[left]);
            }
            if (word.next[left] != NONE) {
                push(word, left);
            }
        }
    }

    private void push(Word word, int left) {
        long merge = merges.find(word.piece[left], word.piece[word.next[left]]);
        if (merge != MergeTable.ABSENT) {
            word.heap.push((merge >>> 32 << 32) | left);
        }
    }

    /**
     * Writes a piece that merging reached but that is no token byte by byte. Some vocabularies have no token for bytes
     * that their training text lacked, such as a vertical tab; these are left out, as in llama.cpp.
     */
    private void addBytes(int piece, TokenBuffer tokens) {
        for (byte value : pieces.bytes(piece)) {
            int token = bytePieces[value & 0xFF];
            if (token < vocabularySize) {
                tokens.add(token);
            }
        }
    }

    /** A word being merged: a doubly linked list of pieces in arrays, reused from word to word. */
    private static final class Word {
        private final LongHeap heap = new LongHeap();
        private byte[] bytes = new byte[256];
        private int byteCount;
        /** The piece at a place; NONE once it was merged into one to its left. */
        private int[] piece = new int[256];

        private int[] previous = new int[256];
        private int[] next = new int[256];

        void set(int[] codePoints, int from, int to) {
            long needed = (to - from) * 4L;
            if (needed > bytes.length) {
                if (needed > Integer.MAX_VALUE - 8) {
                    throw new TokenizerException("a word of " + (to - from) + " characters, expected at most "
                            + (Integer.MAX_VALUE - 8) / 4);
                }
                bytes = new byte[(int) Math.min(needed * 2, Integer.MAX_VALUE - 8)];
            }
            int end = 0;
            for (int i = from; i < to; i++) {
                end = Utf8.write(codePoints[i], bytes, end);
            }
            byteCount = end;
        }

        void splitIntoBytes(int[] bytePieces) {
            if (piece.length < byteCount) {
                piece = Arrays.copyOf(piece, bytes.length);
                previous = new int[bytes.length];
                next = new int[bytes.length];
            }
            for (int i = 0; i < byteCount; i++) {
                piece[i] = bytePieces[bytes[i] & 0xFF];
                previous[i] = i - 1;
                next[i] = i + 1;
            }
            next[byteCount - 1] = NONE;
        }

        void merge(int left, int merged) {
            int right = next[left];
            piece[left] = merged;
            piece[right] = NONE;
            next[left] = next[right];
            if (next[left] != NONE) {
                previous[next[left]] = left;
            }
        }
    }
}
