package dev.squall.cli.file;

import dev.squall.cli.process.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The files of one command, none of which may be written that is read, or written twice. One thread. */
public final class DistinctFiles {
    private final Map<Path, String> uses = new HashMap<>();

    /** Adds a file that is read; several may be the same one. Null is none. */
    public DistinctFiles reads(String use, @Nullable Path file) throws IOException {
        if (file != null) {
            uses.putIfAbsent(real(file), use);
        }
        return this;
    }

    /**
     * Adds a file that is written, after those that are read. Null is none.
     *
     * @throws CommandFailure if it is one of those before, or its folder is not there
     */
    public DistinctFiles writes(String use, @Nullable Path file) throws IOException {
        if (file != null) {
            requireFolder(file);
            String earlier = uses.putIfAbsent(real(file), use);
            if (earlier != null) {
                throw new CommandFailure(file + ": both the " + earlier + " and the " + use
                        + ": name another file for one of them; nothing is changed");
            }
        }
        return this;
    }

    /**
     * Adds a file that is written anew, after those that are read. Null is none.
     *
     * @throws CommandFailure as {@link #writes} does, and if something of another kind is there
     */
    public DistinctFiles replaces(String use, OutputKind kind, @Nullable Path file) throws IOException {
        writes(use, file);
        if (file != null) {
            kind.requireReplaceable(file);
        }
        return this;
    }

    /** @throws CommandFailure if the folder that the file would be in is not there */
    public static void requireFolder(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null && !Files.isDirectory(folder)) {
            throw new CommandFailure(file + ": there is no folder " + folder + ": make it, or name another file");
        }
    }

    /** The file through whatever links, also if it is not there yet; a pipe, which has no other name, as it is. */
    private static Path real(Path file) throws IOException {
        Path absolute = file.toAbsolutePath();
        Path folder = absolute.getParent();
        if (Files.isRegularFile(absolute)) {
            return absolute.toRealPath();
        }
        return folder == null || Files.exists(absolute) || !Files.exists(folder)
                ? absolute.normalize()
                : folder.toRealPath().resolve(absolute.getFileName());
    }
}
