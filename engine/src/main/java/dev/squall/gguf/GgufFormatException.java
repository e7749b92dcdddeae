package dev.squall.gguf;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF file, or a set of parts, that does not hold what it should: malformed, truncated, of a kind that Squall does not
 * read, or without a value that was asked for. The message reads {@code subject: actual, expected what in file: remedy}.
 */
public final class GgufFormatException extends RuntimeException {
    private final Path file;
    private final String subject;

    /**
     * @param file the file at fault
     * @param subject the field, metadata key or tensor at fault
     * @param actual what is there
     * @param expected what should be there
     * @param remedy what the user can do, null if there is nothing better than another file
     */
    public GgufFormatException(Path file, String subject, String actual, String expected, @Nullable String remedy) {
        super(subject + ": " + actual + ", expected " + expected + " in " + Printable.text(file.toString())
                + (remedy == null ? "" : ": " + remedy));
        this.file = file;
        this.subject = subject;
    }

    /** The file at fault. */
    public Path file() {
        return file;
    }

    /** The field, metadata key or tensor at fault, as the message names it. */
    public String subject() {
        return subject;
    }
}
