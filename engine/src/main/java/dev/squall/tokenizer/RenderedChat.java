package dev.squall.tokenizer;

import java.util.ArrayList;
import java.util.List;

/**
 * A conversation as a chat template wrote it: text, and the control tokens that the template itself wrote into it.
 * Whatever a message says is in text parts, so it cannot become a control token.
 *
 * @param parts in order; no text part is empty or stands next to another
 */
public record RenderedChat(List<Part> parts) {
    /** A piece of a prompt. */
    public sealed interface Part {}

    /** Text, tokenized without control tokens. */
    public record Text(String text) implements Part {}

    /**
     * A control token.
     *
     * @param token its id
     * @param text how the template writes it
     */
    public record Control(int token, String text) implements Part {}

    public RenderedChat {
        List<Part> joined = new ArrayList<>(parts.size());
        StringBuilder text = new StringBuilder();
        for (Part part : parts) {
            switch (part) {
                case Text piece -> text.append(piece.text());
                case Control control -> {
                    flush(text, joined);
                    joined.add(control);
                }
            }
        }
        flush(text, joined);
        parts = List.copyOf(joined);
    }

    /** The conversation as the template's author would print it. */
    public String text() {
        StringBuilder text = new StringBuilder();
        for (Part part : parts) {
            text.append(
                    switch (part) {
                        case Text piece -> piece.text();
                        case Control control -> control.text();
                    });
        }
        return text.toString();
    }

    private static void flush(StringBuilder text, List<Part> parts) {
        if (!text.isEmpty()) {
            parts.add(new Text(text.toString()));
            text.setLength(0);
        }
    }
}
