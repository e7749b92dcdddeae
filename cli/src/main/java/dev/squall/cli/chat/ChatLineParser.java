package dev.squall.cli.chat;

import java.util.List;
import org.jline.reader.CompletingParsedLine;
import org.jline.reader.EOFError;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;

/**
 * Splits a line into a slash command and the rest, and holds back one whose {@code """} is not closed yet. Quotes and
 * backslashes mean nothing else: a message is text, and a file name may hold spaces.
 */
final class ChatLineParser implements Parser {
    private static final String MARK = "\"\"\"";

    @Override
    public ParsedLine parse(String line, int cursor, ParseContext context) {
        if (context == ParseContext.ACCEPT_LINE && isOpen(line)) {
            throw new EOFError(-1, -1, "text without its closing " + MARK);
        }
        int commandEnd = commandEnd(line);
        if (commandEnd == line.length() || cursor <= commandEnd) {
            return new Line(line, cursor, List.of(line.substring(0, commandEnd)), 0, Math.min(cursor, commandEnd));
        }
        int argument = commandEnd + 1;
        return new Line(
                line, cursor, List.of(line.substring(0, commandEnd), line.substring(argument)), 1, cursor - argument);
    }

    @Override
    public boolean isEscapeChar(char character) {
        return false;
    }

    /** The slash command of a line, or an empty string for a message. A line that begins with a space is a message. */
    static String command(String line) {
        return line.substring(0, commandEnd(line));
    }

    /** What follows the command, without marks around it; of a message all. */
    static String argument(String line) {
        String text = line.substring(commandEnd(line)).strip();
        if (!text.startsWith(MARK)) {
            return text;
        }
        int end = text.indexOf(MARK, MARK.length());
        String inside = end < 0 ? text.substring(MARK.length()) : text.substring(MARK.length(), end);
        String after = end < 0 ? "" : text.substring(end + MARK.length());
        return trimOneLineBreak(inside) + after;
    }

    private static String trimOneLineBreak(String text) {
        String trimmed = text.startsWith("\n") ? text.substring(1) : text;
        return trimmed.endsWith("\n") ? trimmed.substring(0, trimmed.length() - 1) : trimmed;
    }

    private static boolean isOpen(String line) {
        String text = line.substring(commandEnd(line)).strip();
        return text.startsWith(MARK) && text.indexOf(MARK, MARK.length()) < 0;
    }

    private static int commandEnd(String line) {
        if (!line.startsWith("/")) {
            return 0;
        }
        int end = 0;
        while (end < line.length() && !Character.isWhitespace(line.charAt(end))) {
            end++;
        }
        return end;
    }

    private record Line(String line, int cursor, List<String> words, int wordIndex, int wordCursor)
            implements CompletingParsedLine {
        @Override
        public String word() {
            return words.get(wordIndex);
        }

        @Override
        public CharSequence escape(CharSequence candidate, boolean complete) {
            return candidate;
        }

        @Override
        public int rawWordCursor() {
            return wordCursor;
        }

        @Override
        public int rawWordLength() {
            return word().length();
        }
    }
}
