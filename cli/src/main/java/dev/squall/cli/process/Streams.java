package dev.squall.cli.process;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The standard streams, always UTF-8 whatever the locale, and whether each is a terminal.
 *
 * @param in standard input
 * @param out standard output: the answer and nothing else
 * @param err standard error: statistics, notes and errors
 * @param inTerminal whether somebody types the input
 * @param outTerminal whether somebody looks at the output
 * @param errTerminal whether somebody looks at the notes
 */
public record Streams(
        InputStream in,
        PrintStream out,
        PrintStream err,
        boolean inTerminal,
        boolean outTerminal,
        boolean errTerminal) {
    private static final int FILE_KIND_MASK = 0170000;
    private static final int CHARACTER_DEVICE = 0020000;
    private static final int PIPE = 0010000;
    private static final int SOCKET = 0140000;

    public static Streams ofProcess() {
        return new Streams(
                System.in,
                utf8(output()),
                utf8(new FileOutputStream(FileDescriptor.err)),
                isTerminal(0),
                isTerminal(1),
                isTerminal(2));
    }

    /** Whether a chat can be had: somebody types and looks. */
    public boolean interactive() {
        return inTerminal && outTerminal;
    }

    private static PrintStream utf8(OutputStream stream) {
        return new PrintStream(stream, true, StandardCharsets.UTF_8);
    }

    private static OutputStream output() {
        OutputStream output = new FileOutputStream(FileDescriptor.out);
        int kind = kind(1);
        return kind == PIPE || kind == SOCKET ? new Pipe(output) : output;
    }

    /** Ends the program without a word when whoever read has gone, as the signal does that Java never sees. */
    private static final class Pipe extends FilterOutputStream {
        Pipe(OutputStream pipe) {
            super(pipe);
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            try {
                out.write(bytes, from, length);
            } catch (IOException e) {
                ExitCode.die(ExitCode.OUTPUT_CLOSED);
                throw e;
            }
        }
    }

    /** What a descriptor is, as in the mode of a file; 0 where that is not known. */
    private static int kind(int descriptor) {
        try {
            return (int) Files.getAttribute(Path.of("/dev/fd/" + descriptor), "unix:mode") & FILE_KIND_MASK;
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return 0;
        }
    }

    /**
     * Whether a descriptor is a character device other than the null device. Asking the file system costs nothing;
     * isatty would cost a native call's linking at every start, and System.console() cannot tell the streams apart.
     */
    private static boolean isTerminal(int descriptor) {
        try {
            Path device = Path.of("/dev/fd/" + descriptor);
            int mode = (int) Files.getAttribute(device, "unix:mode");
            return (mode & FILE_KIND_MASK) == CHARACTER_DEVICE
                    && !Files.getAttribute(device, "unix:rdev")
                            .equals(Files.getAttribute(Path.of("/dev/null"), "unix:rdev"));
        } catch (IOException e) {
            // A closed descriptor is no terminal.
            return false;
        } catch (UnsupportedOperationException | IllegalArgumentException e) {
            return isConsole();
        }
    }

    /** For systems without device files. The console of JDK 25 is null again where there is none. */
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isConsole() {
        Console console = System.console();
        return console != null && console.isTerminal();
    }
}
