package dev.squall.cli.chat;

import dev.squall.cli.process.Environment;
import dev.squall.cli.process.Home;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;

/** Completes slash commands, the names of options and of files. */
final class ChatCompleter implements Completer {
    private static final int FILES_MAX = 1000;

    private final Environment environment;

    ChatCompleter(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
        if (!line.line().startsWith("/")) {
            return;
        }
        if (line.wordIndex() == 0) {
            for (SlashCommand command : SlashCommand.values()) {
                candidates.add(
                        new Candidate(command.typed(), command.typed(), null, command.purpose(), null, null, true));
            }
            return;
        }
        SlashCommand.of(line.words().getFirst()).ifPresent(command -> {
            if (command.takesFile()) {
                completeFile(line.word().substring(0, line.wordCursor()), candidates);
            } else if (command == SlashCommand.SET) {
                ChatSettings.NAMES.forEach(name -> candidates.add(new Candidate(name)));
            }
        });
    }

    private void completeFile(String typed, List<Candidate> candidates) {
        String directory = typed.substring(0, typed.lastIndexOf('/') + 1);
        String start = typed.substring(directory.length());
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(Home.expand(directory.isEmpty() ? "." : directory, environment))) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (name.startsWith(start) && (start.startsWith(".") || !name.startsWith("."))) {
                    boolean isDirectory = Files.isDirectory(file);
                    String shown = isDirectory ? name + "/" : name;
                    candidates.add(new Candidate(directory + shown, shown, null, null, null, null, !isDirectory));
                    if (candidates.size() == FILES_MAX) {
                        return;
                    }
                }
            }
        } catch (IOException | InvalidPathException e) {
            // A directory that cannot be listed has nothing to offer.
            candidates.clear();
        }
    }
}
