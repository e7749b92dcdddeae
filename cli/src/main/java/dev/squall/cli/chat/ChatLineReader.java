package dev.squall.cli.chat;

import dev.squall.cli.process.Environment;
import dev.squall.cli.process.Failures;
import dev.squall.cli.process.Home;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.function.Consumer;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.terminal.Terminal;

/** Sets up line editing: history in {@code ~/.squall/history}, completion, several lines between {@code """} marks. */
final class ChatLineReader {
    private static final int HISTORY_LINES_MAX = 1000;

    private ChatLineReader() {}

    /**
     * @param notes told if no history can be kept
     */
    static LineReader open(Terminal terminal, Environment environment, Consumer<String> notes) {
        LineReaderBuilder builder = LineReaderBuilder.builder()
                .appName("squall")
                .terminal(terminal)
                .parser(new ChatLineParser())
                .completer(new ChatCompleter(environment))
                .variable(LineReader.SECONDARY_PROMPT_PATTERN, ". ")
                .variable(LineReader.HISTORY_SIZE, HISTORY_LINES_MAX)
                .variable(LineReader.HISTORY_FILE_SIZE, HISTORY_LINES_MAX)
                // An exclamation mark in a message is one, not a reference to an earlier line.
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .option(LineReader.Option.HISTORY_IGNORE_SPACE, false);
        historyFile(Home.squall(environment), notes).ifPresent(file -> builder.variable(LineReader.HISTORY_FILE, file));
        return builder.build();
    }

    /** The history's file, readable by its owner only, as it holds what was said. */
    private static Optional<Path> historyFile(Path directory, Consumer<String> notes) {
        Path file = directory.resolve("history");
        try {
            Files.createDirectories(directory);
            if (!Files.exists(file)) {
                if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                    Files.createFile(
                            file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                } else {
                    Files.createFile(file);
                }
            }
            if (Files.isRegularFile(file) && Files.isReadable(file) && Files.isWritable(file)) {
                return Optional.of(file);
            }
            notes.accept("the history is not kept: " + file + " cannot be written");
        } catch (IOException e) {
            notes.accept("the history is not kept: " + Failures.describe(e));
        }
        return Optional.empty();
    }
}
