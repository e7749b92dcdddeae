package dev.squall.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How a byte-level vocabulary splits text into words before it merges within each word: the expressions behind the
 * names of {@code tokenizer.ggml.pre}. Each expression cuts every piece that the one before it left into its matches
 * and the gaps between them.
 *
 * <p>Expressions are written for {@link WordSplitter}: most see a text in which every character beyond ASCII is
 * replaced by one that stands for its Unicode category; those made by {@link #members} see which characters belong to
 * a class of their own.
 */
// Error Prone does not see that List.of and List.copyOf are immutable.
@SuppressWarnings("ImmutableEnumChecker")
enum PreTokenizer {
    DEFAULT(
            List.of("default"),
            category("[" + Category.P + "$+<=>^~|]+"),
            category(Words.GPT2),
            category("[" + Category.N + "]+"),
            category("[0-9]{3}")),
    GPT2(
            List.of(
                    "gpt-2",
                    "phi-2",
                    "jina-es",
                    "jina-de",
                    "jina-v1-en",
                    "jina-v2-es",
                    "jina-v2-de",
                    "jina-v2-code",
                    "roberta-bpe",
                    "gigachat",
                    "a.x-4.0",
                    "mellum",
                    "modern-bert",
                    "mpt",
                    "olmo",
                    "jais",
                    "trillion",
                    "granite-docling",
                    "exaone4"),
            category(Words.GPT2)),
    DIGITS_THEN_GPT2(
            List.of("starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"),
            category("[" + Category.N + "]"),
            category(Words.GPT2)),
    FALCON(List.of("falcon"), category("[" + Category.P + "$+<=>^~|`]+"), category(Words.GPT2), category("[0-9]{3}")),
    LLAMA3(
            List.of(
                    "llama3",
                    "llama-v3",
                    "llama-bpe",
                    "falcon3",
                    "falcon-h1",
                    "pixtral",
                    "midm-2.0",
                    "lfm2",
                    "jina-v5-nano"),
            category(Words.LLAMA3)),
    DBRX(List.of("dbrx", "smaug-bpe", "chatglm-bpe", "glm4"), category(Words.LLAMA3)),
    QWEN2(
            List.of(
                    "qwen2",
                    "stablelm2",
                    "hunyuan",
                    "solar-open",
                    "megrez",
                    "deepseek-r1-qwen",
                    "kormo",
                    "f2llmv2",
                    "grok-2"),
            category(Words.QWEN2)),
    QWEN35(List.of("qwen35"), category(Words.QWEN35)),
    TEKKEN(List.of("tekken"), category(Words.TEKKEN)),
    GPT4O(List.of("gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"), category(Words.GPT4O)),
    DEEPSEEK_LLM(
            List.of("deepseek-llm"),
            category("[\\r\\n]"),
            members(Words.CASED_LETTERS, "\\s?" + Words.MEMBERS),
            members("!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002", "\\s?" + Words.MEMBERS),
            category("\\s+\\z"),
            members(Words.EAST_ASIAN, Words.MEMBERS),
            category("[" + Category.N + "]+")),
    DEEPSEEK_CODER(
            List.of("deepseek-coder"),
            category("[\\r\\n]"),
            category("\\s?[" + Category.L + "]+"),
            category("\\s?[" + Category.P + "]+"),
            members(Words.EAST_ASIAN, Words.MEMBERS),
            category("[" + Category.N + "]")),
    DEEPSEEK_V3(
            List.of("deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"),
            category("[" + Category.N + "]{1,3}"),
            members("\u4E00-\u9FA5\u3040-\u30FF", Words.MEMBERS),
            category(Words.DEEPSEEK_V3)),
    BLOOM(List.of("bloom", "gpt3-finnish", "poro-chat"), members(Words.STOPS, Words.UP_TO_MEMBER)),
    VIKING(List.of("viking"), members(Words.STOPS, Words.UP_TO_MEMBER), category("[" + Category.N + "]")),
    BAILINGMOE(List.of("bailingmoe", "bailingmoe2", "llada-moe"), category(Words.BAILINGMOE)),
    SEED_CODER(List.of("seed-coder"), category(Words.SEED_CODER)),
    LAGUNA(List.of("laguna"), category("[^\\n]+|\\n+"), category(Words.QWEN2));

    /**
     * One cut.
     *
     * @param expression a Java regular expression over stand-ins
     * @param members the cut's own class of characters, singly or as ranges a-b; empty where it asks for categories
     */
    record Cut(String expression, String members) {}

    /** By the names in files, each of which has one meaning: a second one stops the program here. */
    private static final SortedMap<String, PreTokenizer> NAMED = Arrays.stream(values())
            .flatMap(candidate -> candidate.names.stream().map(name -> Map.entry(name, candidate)))
            .collect(Collectors.toMap(
                    Map.Entry::getKey,
                    Map.Entry::getValue,
                    (one, other) -> {
                        throw new AssertionError(one + " and " + other + " have a name in common");
                    },
                    TreeMap::new));

    private final List<String> names;
    private final List<Cut> cuts;

    PreTokenizer(List<String> names, Cut... cuts) {
        this.names = names;
        this.cuts = List.of(cuts);
    }

    /** @throws TokenizerException if no expression of this name is known */
    static PreTokenizer named(String name) {
        PreTokenizer known = NAMED.get(name);
        if (known == null) {
            throw new TokenizerException("tokenizer.ggml.pre='" + name + "' is not known, expected one of "
                    + String.join(", ", NAMED.keySet()));
        }
        return known;
    }

    List<Cut> cuts() {
        return cuts;
    }

    /** Whether a word that is a token as a whole is taken as it is, merges or not. */
    boolean takesWholeWords() {
        return this == LLAMA3 || this == TEKKEN;
    }

    /** Whether a prompt begins with the beginning-of-sequence token where the file does not say. */
    boolean addsBos() {
        return this == LLAMA3 || this == TEKKEN;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    private static Cut category(String expression) {
        return new Cut(expression, "");
    }

    private static Cut members(String members, String expression) {
        return new Cut(expression, members);
    }

    /** Insides of character classes: the ASCII members of a category and the character that stands for the others. */
    private static final class Category {
        static final String N = "0-9" + WordSplitter.NUMBER;
        static final String L = "A-Za-z" + WordSplitter.LETTER;
        static final String P = "!-#%-*,-/:;?@\\[-\\]_{}" + WordSplitter.PUNCTUATION;
        static final String M = "" + WordSplitter.MARK;
        static final String S = "$+<->^`|~" + WordSplitter.SYMBOL;
        /** Letters that are not ASCII lower case, and letters that are not ASCII upper case. */
        static final String UPPER = "A-Z" + WordSplitter.LETTER;

        static final String LOWER = "a-z" + WordSplitter.LETTER;
    }

    private static final class Words {
        private static final String SPACES = "\\s+(?!\\S)|\\s+";
        private static final String LINES = "\\s*[\\r\\n]+";
        private static final String CONTRACTION = "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";
        private static final String LETTERS = "[^\\r\\n" + Category.L + Category.N + "]?[" + Category.L + "]+";
        private static final String OTHERS = " ?[^\\s" + Category.L + Category.N + "]+[\\r\\n]*";

        static final String GPT2 = "'(?:[stmd]|re|ve|ll)| ?[" + Category.L + "]+| ?[" + Category.N + "]+| ?[^\\s"
                + Category.L + Category.N + "]+|" + SPACES;
        static final String LLAMA3 =
                String.join("|", CONTRACTION, LETTERS, "[" + Category.N + "]{1,3}", OTHERS, LINES, SPACES);
        static final String QWEN2 =
                String.join("|", CONTRACTION, LETTERS, "[" + Category.N + "]", OTHERS, LINES, SPACES);
        static final String QWEN35 = String.join(
                "|",
                CONTRACTION,
                "[^\\r\\n" + Category.L + Category.N + "]?[" + Category.L + Category.M + "]+",
                "[" + Category.N + "]",
                " ?[^\\s" + Category.L + Category.M + Category.N + "]+[\\r\\n]*",
                LINES,
                SPACES);
        static final String SEED_CODER = String.join(
                "|",
                CONTRACTION,
                LETTERS,
                "[" + Category.N + "]",
                " ?[^\\s" + Category.L + Category.N + "]+",
                LINES,
                SPACES);
        static final String BAILINGMOE =
                String.join("|", CONTRACTION, LETTERS, "[" + Category.N + "]", OTHERS, "\\s*[\\r\\n]", SPACES);

        private static final String BEFORE_LETTERS = "[^\\r\\n" + Category.L + Category.N + "]?";
        private static final String CAPITALISED = BEFORE_LETTERS + "[" + Category.UPPER + "]*[" + Category.LOWER + "]+";
        private static final String CAPITALS = BEFORE_LETTERS + "[" + Category.UPPER + "]+[" + Category.LOWER + "]*";
        private static final String OTHERS_OR_SLASHES = " ?[^\\s" + Category.L + Category.N + "]+[\\r\\n/]*";

        static final String TEKKEN =
                String.join("|", CAPITALISED, CAPITALS, "[" + Category.N + "]", OTHERS_OR_SLASHES, LINES, SPACES);
        static final String GPT4O = String.join(
                "|",
                CAPITALISED + "(?:" + CONTRACTION + ")?",
                CAPITALS + "(?:" + CONTRACTION + ")?",
                "[" + Category.N + "]{1,3}",
                OTHERS_OR_SLASHES,
                LINES,
                SPACES);
        static final String DEEPSEEK_V3 = String.join(
                "|",
                "[!-/:-@\\[-`{-~][A-Za-z]+",
                "[^\\r\\n" + Category.L + Category.P + Category.S + "]?[" + Category.L + Category.M + "]+",
                " ?[" + Category.P + Category.S + "]+[\\r\\n]*",
                LINES,
                SPACES);

        /** A run of members of a cut's own class, and one of characters that are neither members nor white space. */
        static final String MEMBERS = "" + WordSplitter.MEMBER + "+";

        static final String UP_TO_MEMBER = " ?[^\\s" + WordSplitter.MEMBER + "]+";
        static final String STOPS = "()|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C";
        static final String EAST_ASIAN = "\u0800-\u9FA5\uAC00-\uD7FF";
        /** Letters that have case, as DeepSeek's expression lists them. */
        static final String CASED_LETTERS =
                "A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF"
                        + "\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1"
                        + "\u03A3-\u03F5\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5"
                        + "\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A"
                        + "\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B\u1F5D"
                        + "\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3"
                        + "\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115"
                        + "\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149"
                        + "\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D"
                        + "\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06"
                        + "\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\uD801\uDC00-\uD801\uDC4F\uD801\uDCB0-\uD801\uDCD3"
                        + "\uD801\uDCD8-\uD801\uDCFB\uD803\uDC80-\uD803\uDCB2\uD803\uDCC0-\uD803\uDCF2"
                        + "\uD806\uDCA0-\uD806\uDCDF\uD83A\uDD00-\uD83A\uDD43";
    }
}
