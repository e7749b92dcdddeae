package dev.squall.cli.terminal;

/**
 * The few terminal styles in use; all of them plain text where colour is off.
 *
 * @param colour whether escape sequences may be written
 */
public record Palette(boolean colour) {
    /** For what is beside the point: statistics and notes. */
    public String dim(String text) {
        return styled("2", text);
    }

    public String bold(String text) {
        return styled("1", text);
    }

    /** For the prompt sign. */
    public String accent(String text) {
        return styled("36", text);
    }

    public String good(String text) {
        return styled("32", text);
    }

    public String warning(String text) {
        return styled("33", text);
    }

    public String error(String text) {
        return styled("31", text);
    }

    private String styled(String code, String text) {
        return colour && !text.isEmpty() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
