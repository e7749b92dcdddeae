package dev.squall.cli.file;

import dev.squall.cli.process.CommandFailure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a prompt's text: UTF-8, of bounded size, without the line break that ends the last line. */
public final class TextInput {
    /** Far more text than any context takes. */
    static final int BYTES_MAX = 16 << 20;

    private TextInput() {}

    public static String read(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new CommandFailure(file + ": a folder, expected a text file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return read(in, file.toString());
        }
    }

    public static String read(InputStream in, String source) throws IOException {
        byte[] bytes = in.readNBytes(BYTES_MAX + 1);
        if (bytes.length > BYTES_MAX) {
            throw new CommandFailure(source + ": more than " + (BYTES_MAX >> 20) + " MiB, expected a prompt of text");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new CommandFailure(source + ": not UTF-8 text: convert it first, with iconv for example", e);
        }
        return text.endsWith("\r\n")
                ? text.substring(0, text.length() - 2)
                : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }
}
