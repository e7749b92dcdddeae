package dev.squall.tokenizer;

/**
 * A token of a template's source.
 *
 * @param text of a name, number or operator as written; of data and strings their content
 * @param line counted from 1
 */
record TemplateToken(Kind kind, String text, int line) {
    enum Kind {
        DATA,
        BLOCK_BEGIN,
        BLOCK_END,
        PRINT_BEGIN,
        PRINT_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(Kind other, String otherText) {
        return kind == other && text.equals(otherText);
    }

    /** How an error message calls it. */
    String display() {
        return switch (kind) {
            case END -> "the end of the template";
            case BLOCK_END -> "'%}'";
            case PRINT_END -> "'}}'";
            default -> "'" + text + "'";
        };
    }
}
