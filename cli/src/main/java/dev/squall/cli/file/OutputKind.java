package dev.squall.cli.file;

import dev.squall.cli.process.CommandFailure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A kind of file that commands write anew, told from any other file by how it begins. */
public enum OutputKind {
    TRACE("routing trace", "SQTR"),
    DISTRIBUTIONS("file of distributions", "SQPL"),
    PAGE("page", "<!DOCTYPE html>");

    private final String noun;
    private final String beginning;

    OutputKind(String noun, String beginning) {
        this.noun = noun;
        this.beginning = beginning;
    }

    /**
     * Lets a command write the file if nothing is there, nothing in it, or an earlier one of this kind: a mistyped name must
     * not cost anybody a model. Pipes and devices may always be written.
     *
     * @throws CommandFailure if it may not, or could not, be written
     */
    void requireReplaceable(Path file) throws IOException {
        DistinctFiles.requireFolder(file);
        if (Files.isDirectory(file)) {
            throw new CommandFailure(file + ": a folder, expected a file to write a " + noun + " to");
        }
        Path folder = file.toAbsolutePath().getParent();
        if (this == PAGE && folder != null && !Files.isWritable(folder)) {
            throw new CommandFailure(file + ": folder " + folder + " cannot be written: name another file");
        }
        if (Files.isRegularFile(file) && Files.size(file) > 0 && !begins(file)) {
            throw new CommandFailure(
                    file + " exists and is no " + noun + ": choose another name, or move it away; nothing is changed");
        }
    }

    private boolean begins(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(beginning.length()), StandardCharsets.US_ASCII).equals(beginning);
        }
    }
}
