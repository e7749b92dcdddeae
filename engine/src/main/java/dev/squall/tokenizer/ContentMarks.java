package dev.squall.tokenizer;

import java.util.Arrays;
import java.util.Collection;

/**
 * Keeps apart, character by character, what people wrote from what a template writes. Before a template sees a
 * message, each of its characters that occurs in the text of any control token is replaced by a stand-in from a
 * private-use block of Unicode that nobody used; length and order stay. Whatever the template then does, a control
 * token spelt without stand-ins was spelt by the template alone. Immutable; any thread may use it.
 */
final class ContentMarks {
    private static final int PRIVATE_USE_FIRST = 0xE000;
    private static final int PRIVATE_USE_LAST = 0xF8FF;

    /** Characters that are replaced, ascending; the stand-in of the one at i is {@code base + i}. */
    private final char[] alphabet;

    private final char base;

    private ContentMarks(char[] alphabet, char base) {
        this.alphabet = alphabet;
        this.base = base;
    }

    /**
     * @param controlTexts the texts of all control tokens
     * @param texts everything that a rendering can print: contents, options and the template itself
     * @throws ChatTemplateException if the texts leave no private-use block free
     */
    static ContentMarks of(Collection<String> controlTexts, Collection<String> texts) {
        char[] alphabet = alphabet(controlTexts);
        boolean[] used = new boolean[PRIVATE_USE_LAST - PRIVATE_USE_FIRST + 1];
        for (String text : texts) {
            for (int i = 0; i < text.length(); i++) {
                if (isPrivateUse(text.charAt(i))) {
                    used[text.charAt(i) - PRIVATE_USE_FIRST] = true;
                }
            }
        }
        int free = 0;
        for (int i = 0; i < used.length && free < alphabet.length; i++) {
            free = used[i] ? 0 : free + 1;
            if (free == alphabet.length) {
                return new ContentMarks(alphabet, (char) (PRIVATE_USE_FIRST + i + 1 - free));
            }
        }
        if (alphabet.length == 0) {
            return new ContentMarks(alphabet, (char) PRIVATE_USE_FIRST);
        }
        throw new ChatTemplateException(
                "the conversation uses so many private-use characters (U+E000 to U+F8FF) that no " + alphabet.length
                        + " in a row are left to mark it with");
    }

    private static char[] alphabet(Collection<String> controlTexts) {
        StringBuilder characters = new StringBuilder();
        for (String text : controlTexts) {
            for (int i = 0; i < text.length(); i++) {
                if (characters.indexOf(text.substring(i, i + 1)) < 0 && !isPrivateUse(text.charAt(i))) {
                    characters.append(text.charAt(i));
                }
            }
        }
        char[] alphabet = characters.toString().toCharArray();
        Arrays.sort(alphabet);
        return alphabet;
    }

    private static boolean isPrivateUse(char character) {
        return character >= PRIVATE_USE_FIRST && character <= PRIVATE_USE_LAST;
    }

    /** The text as written by people. */
    String mark(String text) {
        char[] marked = text.toCharArray();
        for (int i = 0; i < marked.length; i++) {
            int place = isMark(marked[i]) ? -1 : Arrays.binarySearch(alphabet, marked[i]);
            if (place >= 0) {
                marked[i] = (char) (base + place);
            }
        }
        return new String(marked);
    }

    /** The text without marks, character by character. */
    String plain(String text) {
        if (!isMarked(text)) {
            return text;
        }
        char[] plain = text.toCharArray();
        for (int i = 0; i < plain.length; i++) {
            if (isMark(plain[i])) {
                plain[i] = alphabet[plain[i] - base];
            }
        }
        return new String(plain);
    }

    boolean isMarked(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (isMark(text.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    private boolean isMark(char character) {
        return character >= base && character < base + alphabet.length;
    }
}
