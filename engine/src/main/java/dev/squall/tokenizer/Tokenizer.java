package dev.squall.tokenizer;

import dev.squall.gguf.GgufMetadata;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BiFunction;

/**
 * A model's vocabulary: text to token ids and back. Gives the tokens that llama.cpp gives, with one difference: text
 * never becomes a control token, not even where merging pieces would spell one. Immutable; any thread may use it.
 *
 * <p>Decoding gives an encoded text back, but for what no vocabulary can keep: surrogates without a partner, and bytes
 * that a vocabulary has no token for.
 */
public final class Tokenizer {
    private final PieceTable pieces;
    private final int vocabularySize;
    private final SpecialTokens specialTokens;
    private final TextEncoder encoder;
    private final boolean addsSpacePrefix;
    /** Tokens without text: control, unknown and unused ones. */
    private final BitSet silent;

    private final BitSet control;
    private final BitSet endsGeneration;
    /** Special tokens that take the white space behind them with them. */
    private final BitSet swallowSpace = new BitSet();

    private final SpecialTokenMatcher userDefinedTokens;
    private final SpecialTokenMatcher specialTexts;
    private final Map<String, Integer> controlTokens;

    private Tokenizer(Reading reading, SpecialTokens specialTokens, TextEncoder encoder, boolean addsSpacePrefix) {
        this.pieces = reading.pieces;
        this.vocabularySize = reading.size;
        this.specialTokens = specialTokens;
        this.encoder = encoder;
        this.addsSpacePrefix = addsSpacePrefix;
        this.silent = reading.silent;
        this.control = reading.control;
        this.endsGeneration = reading.endsGeneration;
        this.userDefinedTokens = new SpecialTokenMatcher(reading.userDefinedTokens);
        this.controlTokens = Map.copyOf(reading.controlTokens);
        Map<String, Integer> all = new HashMap<>(reading.userDefinedTokens);
        all.putAll(reading.controlTokens);
        this.specialTexts = new SpecialTokenMatcher(all);
        if (specialTokens.swallowSpace()) {
            all.values().forEach(swallowSpace::set);
            for (String text : List.of("<unk>", "<s>", "<|endoftext|>")) {
                Integer token = all.get(text);
                if (token != null) {
                    swallowSpace.clear(token);
                }
            }
        }
    }

    /**
     * The vocabulary of a model file.
     *
     * @throws TokenizerException if its kind or splitting is not known or a part is missing or malformed
     */
    public static Tokenizer fromMetadata(GgufMetadata metadata) {
        return VocabularyReader.read(metadata);
    }

    /**
     * A byte-level BPE vocabulary ({@code tokenizer.ggml.model} gpt2).
     *
     * @param merges as in {@code tokenizer.ggml.merges}
     * @param preTokenizer as in {@code tokenizer.ggml.pre}
     * @throws TokenizerException if the splitting is not known or a part is malformed
     */
    public static Tokenizer bytePairEncoding(
            Vocabulary vocabulary, List<String> merges, String preTokenizer, SpecialTokens specialTokens) {
        PreTokenizer splitting = PreTokenizer.named(preTokenizer);
        Reading reading = new Reading(vocabulary, specialTokens, Tokenizer::byteLevelPiece);
        return new Tokenizer(reading, specialTokens, new BytePairEncoding(reading.pieces, merges, splitting), false);
    }

    /**
     * A SentencePiece vocabulary ({@code tokenizer.ggml.model} llama).
     *
     * @param addsSpacePrefix whether text is tokenized as if a space stood before it
     * @throws TokenizerException if a part is malformed
     */
    public static Tokenizer sentencePiece(Vocabulary vocabulary, SpecialTokens specialTokens, boolean addsSpacePrefix) {
        Reading reading = new Reading(vocabulary, specialTokens, Tokenizer::sentencePiece);
        SentencePiece encoder = new SentencePiece(
                reading.pieces, vocabulary, reading.byteTokens, specialTokens.unknown(), addsSpacePrefix);
        return new Tokenizer(reading, specialTokens, encoder, addsSpacePrefix);
    }

    /** The tokens of a text that someone typed, without a beginning-of-sequence token. */
    public int[] encode(String text) {
        TokenBuffer tokens = new TokenBuffer();
        encode(Utf8.wellFormed(text), userDefinedTokens, tokens);
        return tokens.toArray();
    }

    /**
     * The tokens of a prompt that no template wraps: begins with the model's beginning-of-sequence token, if it wants
     * one.
     */
    public int[] encodePrompt(String text) {
        TokenBuffer tokens = new TokenBuffer();
        if (specialTokens.addBos()) {
            tokens.add(specialTokens.bos().getAsInt());
        }
        encode(Utf8.wellFormed(text), userDefinedTokens, tokens);
        return tokens.toArray();
    }

    /** The tokens of a conversation; begins with the model's beginning-of-sequence token, if it wants one. */
    public int[] encode(RenderedChat chat) {
        TokenBuffer tokens = new TokenBuffer();
        boolean beginsItself = !chat.parts().isEmpty()
                && chat.parts().getFirst() instanceof RenderedChat.Control first
                && specialTokens.bos().equals(OptionalInt.of(first.token()));
        if (specialTokens.addBos() && !beginsItself) {
            tokens.add(specialTokens.bos().getAsInt());
        }
        boolean swallows = false;
        for (RenderedChat.Part part : chat.parts()) {
            switch (part) {
                case RenderedChat.Text(String text) ->
                    encode(
                            Utf8.wellFormed(swallows ? text.substring(pastSpace(text, 0)) : text),
                            userDefinedTokens,
                            tokens);
                case RenderedChat.Control control -> tokens.add(control.token());
            }
            swallows = part instanceof RenderedChat.Control control && swallowSpace.get(control.token());
        }
        return tokens.toArray();
    }

    /**
     * The tokens of a text in which the texts of control tokens become control tokens, without a beginning-of-sequence
     * token. Only for text that no user had a hand in.
     */
    public int[] encodeTrusted(String text) {
        TokenBuffer tokens = new TokenBuffer();
        encode(Utf8.wellFormed(text), specialTexts, tokens);
        return tokens.toArray();
    }

    private void encode(String text, SpecialTokenMatcher special, TokenBuffer tokens) {
        int start = 0;
        for (SpecialTokenMatcher.Match match : special.find(text)) {
            if (match.from() < start) {
                // A token of white space alone, all of which the token before it has swallowed.
                continue;
            }
            if (match.from() > start) {
                encoder.encode(text.substring(start, match.from()), tokens);
            }
            tokens.add(match.token());
            start = swallowSpace.get(match.token()) ? pastSpace(text, match.to()) : match.to();
        }
        if (start < text.length()) {
            encoder.encode(text.substring(start), tokens);
        }
    }

    /** Where the ASCII white space from here on ends. */
    private static int pastSpace(String text, int from) {
        int to = from;
        while (to < text.length() && " \t\n\u000B\f\r".indexOf(text.charAt(to)) >= 0) {
            to++;
        }
        return to;
    }

    /**
     * The bytes that a token adds to a text, which may begin or end within a character; none for a control token.
     *
     * @throws IndexOutOfBoundsException if the vocabulary has no such token
     */
    public byte[] bytes(int token) {
        checkToken(token);
        return silent.get(token) ? new byte[0] : pieces.bytes(token);
    }

    /** A token as a reader knows it, control tokens included; U+FFFD for bytes that are no whole character. */
    public String text(int token) {
        checkToken(token);
        return new String(pieces.bytes(token), StandardCharsets.UTF_8);
    }

    /** The text of tokens as {@link #encode(String)} made them; U+FFFD for bytes that are no whole character. */
    public String decode(int... tokens) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(tokens.length * 4);
        for (int token : tokens) {
            bytes.writeBytes(bytes(token));
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        return addsSpacePrefix && text.startsWith(" ") ? text.substring(1) : text;
    }

    /**
     * A decoder for tokens as they are generated.
     *
     * @param startsText whether they begin a text rather than continue one; then the space that a vocabulary puts
     *     before every text is left out, as {@link #decode} does it
     */
    public StreamingDecoder streamingDecoder(boolean startsText) {
        return new StreamingDecoder(this, startsText && addsSpacePrefix);
    }

    public int vocabularySize() {
        return vocabularySize;
    }

    /** Whether a token is structure that only a chat template may write. */
    public boolean isControl(int token) {
        return control.get(token);
    }

    /** Whether a model that chooses this token has finished. */
    public boolean isEndOfGeneration(int token) {
        return endsGeneration.get(token);
    }

    /** The beginning-of-sequence token. */
    public OptionalInt bos() {
        return specialTokens.bos();
    }

    /** The end-of-sequence token. */
    public OptionalInt eos() {
        return specialTokens.eos();
    }

    /** Whether prompts begin with {@link #bos}. */
    public boolean addBos() {
        return specialTokens.addBos();
    }

    /** Whether finished texts end with {@link #eos}. */
    public boolean addEos() {
        return specialTokens.addEos();
    }

    /** The control tokens by the text that a template writes for them. */
    Map<String, Integer> controlTokens() {
        return controlTokens;
    }

    private void checkToken(int token) {
        if (token < 0 || token >= vocabularySize) {
            throw new IndexOutOfBoundsException(
                    "token " + token + ", expected 0 to " + (vocabularySize - 1) + ", the vocabulary's last");
        }
    }

    /** The bytes of a token, and whether they are what merging compares. */
    private record Piece(byte[] bytes, boolean findable) {}

    private static Piece byteLevelPiece(String text, TokenType type) {
        byte[] bytes = new byte[text.length()];
        int length = ByteAlphabet.decode(text, 0, text.length(), bytes, 0);
        return length == ByteAlphabet.NONE
                ? new Piece(text.getBytes(StandardCharsets.UTF_8), false)
                : new Piece(bytes, true);
    }

    private static Piece sentencePiece(String text, TokenType type) {
        return new Piece(text.replace('\u2581', ' ').getBytes(StandardCharsets.UTF_8), text.indexOf(' ') < 0);
    }

    /** A vocabulary while it is read. */
    private static final class Reading {
        private final int size;
        private final PieceTable pieces;
        private final BitSet silent = new BitSet();
        private final BitSet control = new BitSet();
        private final BitSet endsGeneration = new BitSet();
        private final Map<String, Integer> userDefinedTokens = new HashMap<>();
        private final Map<String, Integer> controlTokens = new HashMap<>();
        private final int[] byteTokens = new int[256];

        Reading(Vocabulary vocabulary, SpecialTokens specialTokens, BiFunction<String, TokenType, Piece> piece) {
            size = vocabulary.size();
            pieces = new PieceTable(size);
            Arrays.fill(byteTokens, -1);
            int token = 0;
            for (String text : vocabulary.texts()) {
                TokenType type = WellKnownTokens.isControl(text) ? TokenType.CONTROL : vocabulary.type(token);
                read(token++, text.isEmpty() ? "[EMPTY_" + (token - 1) + "]" : text, type, piece);
            }
            for (OptionalInt end : List.of(specialTokens.eos(), specialTokens.eot(), specialTokens.eom())) {
                end.ifPresent(endsGeneration::set);
            }
            keepHarmonyEndOfMessage();
        }

        private void read(int token, String text, TokenType type, BiFunction<String, TokenType, Piece> piece) {
            switch (type) {
                case NORMAL -> add(token, piece.apply(text, type));
                case USER_DEFINED -> {
                    userDefinedTokens.put(text, token);
                    Piece written = piece.apply(text, type);
                    byte[] raw = text.getBytes(StandardCharsets.UTF_8);
                    add(token, new Piece(raw, written.findable() && Arrays.equals(raw, written.bytes())));
                }
                case UNUSED -> {
                    silent.set(token);
                    add(token, piece.apply(text, type));
                }
                case BYTE -> {
                    int value = byteValue(token, text);
                    byteTokens[value] = token;
                    add(token, new Piece(new byte[] {(byte) value}, false));
                }
                case CONTROL, UNKNOWN -> {
                    silent.set(token);
                    controlTokens.put(text, token);
                    control.set(token, type == TokenType.CONTROL);
                    endsGeneration.set(token, type == TokenType.CONTROL && WellKnownTokens.isEnd(text));
                    add(token, new Piece(text.getBytes(StandardCharsets.UTF_8), false));
                }
            }
        }

        private void add(int token, Piece piece) {
            if (!piece.findable()) {
                pieces.addHidden(piece.bytes(), 0, piece.bytes().length);
            } else if (pieces.addDistinct(piece.bytes(), 0, piece.bytes().length) == PieceTable.ABSENT) {
                throw new TokenizerException("tokenizer.ggml.tokens[" + token + "]='"
                        + new String(piece.bytes(), StandardCharsets.UTF_8) + "' is listed twice, expected once");
            }
        }

        private static int byteValue(int token, String text) {
            if (!text.matches("<0x[0-9A-Fa-f]{2}>")) {
                throw new TokenizerException(
                        "tokenizer.ggml.tokens[" + token + "]='" + text + "' is a byte, expected '<0x00>' to '<0xFF>'");
            }
            return Integer.parseInt(text, 3, 5, 16);
        }

        /** In the harmony format {@code <|end|>} ends a message within an answer; two others end the answer. */
        private void keepHarmonyEndOfMessage() {
            Integer end = controlTokens.get("<|end|>");
            boolean calls = controlTokens.containsKey("<|call|>") || controlTokens.containsKey("<|calls|>");
            boolean returns = controlTokens.containsKey("<|return|>") && controlTokens.containsKey("<|call|>");
            if (end != null && (returns || (calls && controlTokens.containsKey("<|flush|>")))) {
                endsGeneration.clear(end);
            }
        }
    }
}
