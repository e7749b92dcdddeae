package dev.squall.cli.chat;

import dev.squall.cli.terminal.Palette;
import dev.squall.cli.terminal.TerminalText;
import dev.squall.cli.terminal.WrappedText;
import java.io.PrintStream;
import org.jline.terminal.Terminal;

/**
 * Where a chat shows things: what was asked for on the terminal, notes, statistics and errors on standard error.
 *
 * @param notes standard error
 * @param palette of the terminal
 */
record ChatDisplay(Terminal terminal, PrintStream notes, Palette palette, Palette notesPalette) {
    private static final int FIELD_INDENT = 15;

    /** Columns of the terminal; 0 if they are not known. */
    int width() {
        return terminal.getWidth();
    }

    /** Our own words in lines that fit, but for {@code indent} columns at the left. */
    String wrapped(String text, int indent) {
        return WrappedText.of(text, width(), indent);
    }

    void say(String line) {
        terminal.writer().println(line);
        terminal.writer().flush();
    }

    /** Says a name and, in a column of its own, its value. */
    void field(String name, String value) {
        say(palette.dim("%-15s".formatted(name)) + wrapped(TerminalText.line(value), FIELD_INDENT));
    }

    void note(String line) {
        notes.println(notesPalette.dim(wrapped(TerminalText.line(line), 0)));
    }

    void warn(String error) {
        notes.println(notesPalette.error(wrapped("squall: " + TerminalText.line(error), 0)));
    }
}
