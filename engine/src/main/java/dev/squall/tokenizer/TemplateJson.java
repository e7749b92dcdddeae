package dev.squall.tokenizer;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Writes values as JSON the way transformers' {@code tojson} does: not sorted, characters beyond ASCII as they are. */
final class TemplateJson {
    private final int indent;
    private final UnaryOperator<String> plain;

    /**
     * @param indent spaces a level; 0 writes one line
     * @param plain gives the characters that a text stands for
     */
    TemplateJson(int indent, UnaryOperator<String> plain) {
        this.indent = Math.clamp(indent, 0, 16);
        this.plain = plain;
    }

    String write(Object value) {
        StringBuilder json = new StringBuilder();
        write(value, json, 1);
        return json.toString();
    }

    private void write(Object value, StringBuilder json, int level) {
        switch (value) {
            case String text -> string(text, json);
            case Boolean bool -> json.append(bool);
            case Long number -> json.append(number);
            case Double number -> json.append(number);
            case List<?> list -> {
                json.append('[');
                String separator = "";
                for (Object item : list) {
                    json.append(separator);
                    newLine(json, level);
                    write(item, json, level + 1);
                    separator = indent > 0 ? "," : ", ";
                }
                close(list.isEmpty(), ']', json, level);
            }
            case Map<?, ?> map -> {
                json.append('{');
                String separator = "";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    json.append(separator);
                    newLine(json, level);
                    string(TemplateValue.text(entry.getKey()), json);
                    json.append(": ");
                    write(entry.getValue(), json, level + 1);
                    separator = indent > 0 ? "," : ", ";
                }
                close(map.isEmpty(), '}', json, level);
            }
            default -> {
                if (value != TemplateValue.NONE) {
                    throw new IllegalArgumentException("cannot write " + TemplateValue.kind(value) + " as JSON");
                }
                json.append("null");
            }
        }
    }

    private void close(boolean empty, char bracket, StringBuilder json, int level) {
        if (!empty) {
            newLine(json, level - 1);
        }
        json.append(bracket);
    }

    private void newLine(StringBuilder json, int level) {
        if (indent > 0) {
            json.append('\n').append(" ".repeat(indent * level));
        }
    }

    private void string(String marked, StringBuilder json) {
        String text = plain.apply(marked);
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            switch (character) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                case '\b' -> json.append("\\b");
                case '\f' -> json.append("\\f");
                default -> {
                    if (character < 0x20) {
                        json.append("\\u%04x".formatted((int) character));
                    } else {
                        json.append(character);
                    }
                }
            }
        }
        json.append('"');
    }
}
