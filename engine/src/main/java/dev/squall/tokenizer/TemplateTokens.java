package dev.squall.tokenizer;

import dev.squall.tokenizer.TemplateToken.Kind;
import java.util.List;

/** A place in a template's tokens while they are parsed, and how deep the parser has gone. */
final class TemplateTokens {
    private static final int DEPTH_MAX = 100;

    private final List<TemplateToken> tokens;
    private int at;
    private int depth;

    TemplateTokens(List<TemplateToken> tokens) {
        this.tokens = tokens;
    }

    TemplateToken peek() {
        return tokens.get(at);
    }

    /** A token further on; the last one where there are not so many. */
    TemplateToken peek(int ahead) {
        return tokens.get(Math.min(at + ahead, tokens.size() - 1));
    }

    TemplateToken next() {
        TemplateToken token = tokens.get(at);
        skip(1);
        return token;
    }

    void skip(int count) {
        at = Math.min(at + count, tokens.size() - 1);
    }

    boolean accept(Kind kind, String text) {
        boolean accepted = peek().is(kind, text);
        if (accepted) {
            skip(1);
        }
        return accepted;
    }

    TemplateToken expect(Kind kind) {
        TemplateToken token = next();
        if (token.kind() != kind) {
            String expected =
                    switch (kind) {
                        case BLOCK_END -> "'%}'";
                        case PRINT_END -> "'}}'";
                        default -> "a name";
                    };
            throw ChatTemplateException.at(token.line(), token.display() + ", expected " + expected);
        }
        return token;
    }

    void expect(Kind kind, String text) {
        if (!accept(kind, text)) {
            throw ChatTemplateException.at(peek().line(), peek().display() + ", expected '" + text + "'");
        }
    }

    void enter() {
        if (++depth > DEPTH_MAX) {
            throw ChatTemplateException.at(peek().line(), "nested more than " + DEPTH_MAX + " deep");
        }
    }

    void leave() {
        depth--;
    }
}
