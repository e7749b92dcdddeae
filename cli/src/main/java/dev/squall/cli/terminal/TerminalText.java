package dev.squall.cli.terminal;

/** Text from a model or a file made fit for a terminal: it must not be able to move the cursor or change settings. */
public final class TerminalText {
    private TerminalText() {}

    /** The text with control characters, but line feeds and tabs, as their visible pictures. */
    public static String printable(String text) {
        if (text.chars().noneMatch(TerminalText::isControl)) {
            return text;
        }
        StringBuilder printable = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            printable.append(isControl(c) ? picture(c) : c);
        }
        return printable.toString();
    }

    /** The same on one line: a name in a file must not be able to forge a line of ours. */
    public static String line(String text) {
        return printable(text.replace('\n', ' ').replace('\t', ' '));
    }

    private static boolean isControl(int c) {
        return Character.isISOControl(c) && c != '\n' && c != '\t';
    }

    private static char picture(char control) {
        return control < 0x20 ? (char) ('\u2400' + control) : control == 0x7F ? '\u2421' : '\uFFFD';
    }
}
