package dev.squall.index;

import dev.squall.predict.MapShape;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexFormatTooNewException;
import org.apache.lucene.index.IndexFormatTooOldException;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.LockObtainFailedException;

/**
 * A folder with an index of expert maps: what its commits say of themselves, so that no other model's maps are mixed in.
 *
 * @param model the fingerprint of model and quantisation
 * @param shape of the maps
 */
public record MapIndex(String model, MapShape shape) {
    /** What this version writes and reads. */
    static final int FORMAT = 1;

    private static final String KEY_FORMAT = "squall.format";
    private static final String KEY_MODEL = "squall.model";
    private static final String KEY_LAYERS = "squall.layers";
    private static final String KEY_EXPERTS = "squall.experts";
    private static final String KEY_USED = "squall.used";
    private static final String KEY_EMBEDDING = "squall.embedding";

    /** What helps where an index is damaged. */
    static final String AFTER_DAMAGE =
            ": squall index check tells which repair exists; or delete the folder to learn anew";

    /** What is wrong where {@link #hasLostCommit}. */
    static final String LOST_COMMIT = "the file that names its others (segments_N) is missing";

    private static final Pattern NAMED_FILE = Pattern.compile("path=\"([^\"]+)\"");

    private static final String REMEDY =
            "see that the folder is writable and the disk has room, or name another folder";

    /** Kept, or the level set here would be lost with it. */
    private static final Logger LUCENE = Logger.getLogger("org.apache.lucene");

    /** Lucene says on standard error that it does not use the Vector API, which is decided elsewhere (ADR 5). */
    static void quietenLucene() {
        LUCENE.setLevel(Level.SEVERE);
    }

    Map<String, String> commitData() {
        Map<String, String> data = new LinkedHashMap<>();
        data.put(KEY_FORMAT, Integer.toString(FORMAT));
        data.put(KEY_MODEL, model);
        data.put(KEY_LAYERS, Integer.toString(shape.layerCount()));
        data.put(KEY_EXPERTS, Integer.toString(shape.expertCount()));
        data.put(KEY_USED, Integer.toString(shape.usedCount()));
        data.put(KEY_EMBEDDING, Integer.toString(shape.embeddingLength()));
        return data;
    }

    /**
     * Opens a folder, which is made if it is not there.
     *
     * @throws MapIndexException if it cannot be made or holds something else
     */
    static Directory open(Path folder) throws IOException {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new MapIndexException("index " + folder + " is a file: name a folder");
        }
        Files.createDirectories(folder);
        Directory directory = FSDirectory.open(folder);
        if (!DirectoryReader.indexExists(directory)) {
            try (Stream<Path> files = Files.list(folder)) {
                // A first commit that was cut short leaves its lock and files that no commit names.
                if (files.anyMatch(file -> !isLucenes(file.getFileName().toString()))) {
                    directory.close();
                    if (hasLostCommit(folder)) {
                        throw new MapIndexException("index " + folder + " is damaged: " + LOST_COMMIT + AFTER_DAMAGE);
                    }
                    throw new MapIndexException(
                            "index " + folder + " has other files in it and no index: name an empty or a new folder");
                }
            }
        }
        return directory;
    }

    /** Whether a folder has what is kept beside an index and files of one, but none that names them. */
    static boolean hasLostCommit(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<String> names =
                    files.map(file -> file.getFileName().toString()).toList();
            return names.contains(WeightsFile.NAME)
                    && names.stream().anyMatch(name -> name.startsWith("_"))
                    && names.stream().noneMatch(name -> name.startsWith("segments_"));
        }
    }

    /** Whether a file of that name in an index is one that Lucene wrote. */
    static boolean isLucenes(String name) {
        return name.startsWith("_")
                || name.startsWith("segments")
                || name.startsWith("pending_segments")
                || name.equals("write.lock");
    }

    /**
     * What the last commit says.
     *
     * @throws MapIndexException if it is damaged, or no index of expert maps of this format
     */
    static MapIndex read(Directory directory, Path folder) throws IOException {
        Map<String, String> data;
        try {
            data = SegmentInfos.readLatestCommit(directory).getUserData();
        } catch (CorruptIndexException e) {
            throw damaged(folder, e);
        } catch (IndexFormatTooOldException | IndexFormatTooNewException e) {
            throw new MapIndexException(
                    "index " + folder + " is of another version of Lucene (" + e.getMessage()
                            + "): name another folder",
                    e);
        }
        String format = data.get(KEY_FORMAT);
        if (format == null) {
            throw new MapIndexException(
                    "index " + folder + " is a Lucene index, but not one of expert maps: name another" + " folder");
        }
        if (!format.equals(Integer.toString(FORMAT))) {
            throw new MapIndexException("index " + folder + " has format " + format + ", expected " + FORMAT
                    + ": name another folder, or use the Squall that wrote it");
        }
        try {
            MapShape shape = new MapShape(
                    Integer.parseInt(data.get(KEY_LAYERS)),
                    Integer.parseInt(data.get(KEY_EXPERTS)),
                    Integer.parseInt(data.get(KEY_USED)),
                    Integer.parseInt(data.get(KEY_EMBEDDING)));
            return new MapIndex(String.valueOf(data.get(KEY_MODEL)), shape);
        } catch (IllegalArgumentException e) {
            throw damaged(folder, e);
        }
    }

    /** Why an index cannot be read or written. */
    static MapIndexException failed(Path folder, IOException cause) {
        if (cause instanceof LockObtainFailedException) {
            return new MapIndexException(
                    "index " + folder + " is being written by another process: wait until it ends,"
                            + " or name another folder",
                    cause);
        }
        if (cause instanceof CorruptIndexException) {
            return damaged(folder, cause);
        }
        return new MapIndexException("index " + folder + " cannot be read or written: " + reason(cause), cause);
    }

    /** What went wrong with which file, and what helps. */
    private static String reason(IOException cause) {
        return switch (cause) {
            case AccessDeniedException denied ->
                "permission denied: " + denied.getFile() + ": make it writable for yourself, or name another folder";
            case NotDirectoryException file -> file.getFile() + " is a file: name a folder";
            case FileAlreadyExistsException file -> file.getFile() + " is a file: name a folder";
            case NoSuchFileException gone ->
                gone.getFile() + " is not there: see that nobody deletes it meanwhile, or name another folder";
            case FileSystemException of
            when of.getReason() != null -> of.getFile() + ": " + lowerCase(of.getReason()) + remedy(of.getReason());
            case FileSystemException of -> of.getFile() + ": " + REMEDY;
            default -> {
                String message = cause.getMessage();
                yield message == null ? REMEDY : lowerCase(message) + remedy(message);
            }
        };
    }

    private static String remedy(String reason) {
        String lower = lowerCase(reason);
        if (lower.contains("no space") || lower.contains("quota")) {
            return ": make room on the disk, or name a folder on another one";
        }
        if (lower.contains("not a directory")) {
            return ": a file is in the way: name another folder";
        }
        if (lower.contains("read-only")) {
            return ": name a folder that can be written to";
        }
        return ": " + REMEDY;
    }

    /** What the system says begins with a capital letter. */
    private static String lowerCase(String sentence) {
        return sentence.isEmpty() || (sentence.length() > 1 && Character.isUpperCase(sentence.charAt(1)))
                ? sentence
                : Character.toLowerCase(sentence.charAt(0)) + sentence.substring(1);
    }

    /** What Lucene says of a damaged file, with the file's name and without the names of classes. */
    static String plain(String message) {
        Matcher named = NAMED_FILE.matcher(message);
        String file = named.find() ? Path.of(named.group(1)).getFileName() + ": " : "";
        String rest = message.replaceFirst("\\s*\\(resource=.*", "")
                .replace(" (hardware problem?) :", ":")
                .strip()
                .replaceFirst("\\.$", "");
        return file + lowerCase(rest);
    }

    static MapIndexException damaged(Path folder, Exception cause) {
        return new MapIndexException(
                "index " + folder + " is damaged: " + plain(String.valueOf(cause.getMessage())) + AFTER_DAMAGE, cause);
    }

    /** @throws MapIndexException unless the maps are of this model and shape */
    void require(MapIndex wanted, Path folder) {
        if (model.equals(wanted.model) && !shape.equals(wanted.shape)) {
            throw new MapIndexException("index " + folder + " was learnt with another policy (maps of "
                    + describe(shape) + "), expected maps of " + describe(wanted.shape)
                    + ": name another folder for this one");
        }
        if (!model.equals(wanted.model)) {
            throw new MapIndexException("index " + folder + " was learnt with another model (" + model
                    + ", " + describe(shape) + "), expected " + wanted.model + ", " + describe(wanted.shape)
                    + ": name another folder for this one");
        }
    }

    private static String describe(MapShape shape) {
        return shape.layerCount() + " layers of " + shape.expertCount() + " experts";
    }
}
