package dev.squall.tokenizer;

import dev.squall.tokenizer.TemplateToken.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Splits a Jinja template into tokens, with the white space rules under which chat templates are written: the first
 * newline after a block is dropped (trim_blocks), white space before a block on its line too (lstrip_blocks), and so
 * is the template's last newline.
 */
final class TemplateLexer {
    private static final Set<String> LONG_OPERATORS = Set.of("//", "**", "==", "!=", "<=", ">=");
    private static final String OPERATORS = "+-*/%~<>=.:|,;()[]{}";

    private final String source;
    private final List<TemplateToken> tokens = new ArrayList<>();
    private int at;
    private int line = 1;

    private TemplateLexer(String source) {
        this.source = source;
    }

    /** @throws ChatTemplateException if a tag, comment or string is not closed or a character has no place */
    static List<TemplateToken> tokens(String template) {
        String unix = template.replace("\r\n", "\n").replace('\r', '\n');
        TemplateLexer lexer = new TemplateLexer(unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        boolean stripsNext = false;
        boolean dropsNewline = false;
        while (true) {
            int tag = nextTag();
            int dataEnd = tag < 0 ? source.length() : tag;
            char kind = tag < 0 ? ' ' : source.charAt(tag + 1);
            char sign = tag < 0 || tag + 2 >= source.length() ? ' ' : source.charAt(tag + 2);
            addData(dataEnd, stripsNext, dropsNewline, kind, sign);
            if (tag < 0) {
                add(Kind.END, "");
                return;
            }
            at = tag + 2;
            if (sign == '-' || sign == '+') {
                at++;
            }
            if (kind == '#') {
                int close = source.indexOf("#}", at);
                if (close < 0) {
                    throw error("the comment is not closed, expected '#}'");
                }
                advance(close);
                stripsNext = source.charAt(close - 1) == '-';
                dropsNewline = source.charAt(close - 1) != '+';
                at = close + 2;
                continue;
            }
            boolean block = kind == '%';
            add(block ? Kind.BLOCK_BEGIN : Kind.PRINT_BEGIN, "");
            stripsNext = expression(block ? "%}" : "}}");
            dropsNewline = block && source.charAt(at - 3) != '+';
            add(block ? Kind.BLOCK_END : Kind.PRINT_END, "");
            if (block && isRaw()) {
                stripsNext = raw();
                dropsNewline = true;
            }
        }
    }

    private int nextTag() {
        for (int from = at; ; from++) {
            int brace = source.indexOf('{', from);
            if (brace < 0 || brace + 1 >= source.length()) {
                return -1;
            }
            if ("{%#".indexOf(source.charAt(brace + 1)) >= 0) {
                return brace;
            }
            from = brace;
        }
    }

    private void addData(int end, boolean strips, boolean dropsNewline, char nextKind, char nextSign) {
        int from = at;
        int to = end;
        if (strips) {
            while (from < to && TemplateText.isSpace(source.charAt(from))) {
                from++;
            }
        } else if (dropsNewline && from < to && source.charAt(from) == '\n') {
            from++;
        }
        if (nextSign == '-') {
            while (to > from && TemplateText.isSpace(source.charAt(to - 1))) {
                to--;
            }
        } else if (nextSign != '+' && (nextKind == '%' || nextKind == '#')) {
            int lineStart = to;
            while (lineStart > from && isBlank(source.charAt(lineStart - 1))) {
                lineStart--;
            }
            if (lineStart == 0 || source.charAt(lineStart - 1) == '\n') {
                to = lineStart;
            }
        }
        if (from < to) {
            add(Kind.DATA, source.substring(from, to));
        }
        advance(end);
    }

    private static boolean isBlank(char character) {
        return character != '\n' && TemplateText.isSpace(character);
    }

    /** Reads tokens up to the end of a tag and behind it; true if the tag ends with a minus sign. */
    private boolean expression(String end) {
        int depth = 0;
        while (true) {
            while (at < source.length() && TemplateText.isSpace(source.charAt(at))) {
                advance(at + 1);
            }
            if (at >= source.length()) {
                throw error("the tag is not closed, expected '" + end + "'");
            }
            char character = source.charAt(at);
            if (depth == 0) {
                boolean signed = character == '-' || character == '+';
                if (source.startsWith(end, signed ? at + 1 : at)) {
                    at += signed ? 3 : 2;
                    return character == '-';
                }
            }
            if (character == '\'' || character == '"') {
                string(character);
            } else if (isNameStart(character)) {
                int from = at;
                while (at < source.length() && isNamePart(source.charAt(at))) {
                    at++;
                }
                add(Kind.NAME, source.substring(from, at));
            } else if (isDigit(character)) {
                number();
            } else if (at + 1 < source.length() && LONG_OPERATORS.contains(source.substring(at, at + 2))) {
                add(Kind.OPERATOR, source.substring(at, at + 2));
                at += 2;
            } else if (OPERATORS.indexOf(character) >= 0) {
                depth += "([{".indexOf(character) >= 0 ? 1 : ")]}".indexOf(character) >= 0 ? -1 : 0;
                add(Kind.OPERATOR, String.valueOf(character));
                at++;
            } else {
                throw error("'" + character + "' has no place in an expression");
            }
        }
    }

    private void string(char quote) {
        int start = line;
        StringBuilder text = new StringBuilder();
        for (at++; at < source.length(); at++) {
            char character = source.charAt(at);
            if (character == quote) {
                at++;
                tokens.add(new TemplateToken(Kind.STRING, text.toString(), start));
                return;
            }
            if (character == '\\' && at + 1 < source.length()) {
                escape(source.charAt(++at), text);
            } else {
                line += character == '\n' ? 1 : 0;
                text.append(character);
            }
        }
        throw ChatTemplateException.at(start, "the string is not closed, expected " + quote);
    }

    /** One of Python's escapes; an unknown one stays as it is written. */
    private void escape(char escaped, StringBuilder text) {
        switch (escaped) {
            case 'n' -> text.append('\n');
            case 't' -> text.append('\t');
            case 'r' -> text.append('\r');
            case 'b' -> text.append('\b');
            case 'f' -> text.append('\f');
            case '\\', '\'', '"' -> text.append(escaped);
            case '\n' -> line++;
            case 'x' -> text.appendCodePoint(hexadecimal(2));
            case 'u' -> text.append((char) hexadecimal(4));
            case 'U' -> text.appendCodePoint(hexadecimal(8));
            default -> text.append('\\').append(escaped);
        }
    }

    private int hexadecimal(int digits) {
        int end = at + 1 + digits;
        if (end <= source.length()) {
            try {
                int value = Integer.parseInt(source, at + 1, end, 16);
                if (Character.isValidCodePoint(value)) {
                    at = end - 1;
                    return value;
                }
            } catch (NumberFormatException e) {
                throw error("expected " + digits + " hexadecimal digits, not '" + source.substring(at + 1, end) + "'");
            }
        }
        throw error("expected " + digits + " hexadecimal digits that name a character");
    }

    private void number() {
        int from = at;
        digits();
        boolean isFloat = false;
        if (at + 1 < source.length() && source.charAt(at) == '.' && isDigit(source.charAt(at + 1))) {
            isFloat = true;
            at++;
            digits();
        }
        if (at < source.length() && (source.charAt(at) == 'e' || source.charAt(at) == 'E')) {
            isFloat = true;
            at++;
            if (at < source.length() && (source.charAt(at) == '-' || source.charAt(at) == '+')) {
                at++;
            }
            digits();
        }
        add(isFloat ? Kind.FLOAT : Kind.INTEGER, source.substring(from, at).replace("_", ""));
    }

    private void digits() {
        while (at < source.length() && (isDigit(source.charAt(at)) || source.charAt(at) == '_')) {
            at++;
        }
    }

    private boolean isRaw() {
        int size = tokens.size();
        return size >= 3
                && tokens.get(size - 2).is(Kind.NAME, "raw")
                && tokens.get(size - 3).kind() == Kind.BLOCK_BEGIN;
    }

    /** Replaces the tag that was just read by what stands before its end tag; true if that ends with a minus sign. */
    private boolean raw() {
        tokens.subList(tokens.size() - 3, tokens.size()).clear();
        for (int from = at; ; from += 2) {
            from = source.indexOf("{%", from);
            if (from < 0) {
                throw error("the raw block is not closed, expected '{% endraw %}'");
            }
            int close = source.indexOf("%}", from);
            if (close >= 0
                    && source.substring(from + 2, close)
                            .replaceAll("[-+\\s]", "")
                            .equals("endraw")) {
                add(Kind.DATA, source.substring(at, from));
                advance(close);
                at = close + 2;
                return source.charAt(close - 1) == '-';
            }
        }
    }

    private void add(Kind kind, String text) {
        tokens.add(new TemplateToken(kind, text, line));
    }

    private void advance(int to) {
        for (; at < to; at++) {
            line += source.charAt(at) == '\n' ? 1 : 0;
        }
    }

    private static boolean isDigit(char character) {
        return character >= '0' && character <= '9';
    }

    private static boolean isNameStart(char character) {
        return character == '_' || Character.isLetter(character);
    }

    private static boolean isNamePart(char character) {
        return character == '_' || Character.isLetterOrDigit(character);
    }

    private ChatTemplateException error(String problem) {
        return ChatTemplateException.at(line, problem);
    }
}
