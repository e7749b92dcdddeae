package dev.squall.cli.batch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.cli.file.DistinctFiles;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Failures;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Records of a batch, a line of JSON each, appended one by one: a process that is killed loses at most the line it was
 * writing, which the next start cuts off. Locked while it is open.
 */
final class BatchOutput implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Of every record that {@link BatchRun} writes. */
    private static final byte[] BEGINNING = "{\"id\":\"batch-".getBytes(StandardCharsets.US_ASCII);

    private final Path file;
    private final FileChannel channel;
    private final Set<String> finished = new HashSet<>();
    private long end;

    Path file() {
        return file;
    }

    /** @throws CommandFailure if it is no file of a batch's answers, or in use */
    BatchOutput(Path file) throws IOException {
        this.file = file;
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new CommandFailure(file + ": expected a plain file, which answers can be appended to");
        }
        DistinctFiles.requireFolder(file);
        channel = open(file);
        boolean opened = false;
        try {
            lock();
            readFinished();
            channel.truncate(end);
            channel.position(end);
            opened = true;
        } finally {
            if (!opened) {
                channel.close();
            }
        }
    }

    private static FileChannel open(Path file) throws IOException {
        try {
            return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        } catch (FileSystemException e) {
            throw new CommandFailure(
                    Failures.describe(e) + ": expected a file that can be written: name another one", e);
        }
    }

    private void lock() throws IOException {
        try {
            if (channel.tryLock() != null) {
                return;
            }
        } catch (OverlappingFileLockException e) {
            throw new CommandFailure(file + ": in use by this process", e);
        }
        throw new CommandFailure(file + ": another process writes it: wait until it ends, or name another file");
    }

    /** Reads through the channel: to close any other one of this file would end the lock. */
    private void readFinished() throws IOException {
        int number = 0;
        BufferedReader reader =
                new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8.newDecoder(), -1));
        try {
            StringBuilder line = new StringBuilder();
            for (int c = reader.read(); c >= 0; c = reader.read()) {
                if (c != '\n') {
                    line.append((char) c);
                    continue;
                }
                number++;
                finished.add(id(line.toString(), number));
                end += line.toString().getBytes(StandardCharsets.UTF_8).length + 1;
                line.setLength(0);
            }
        } catch (CharacterCodingException e) {
            // A torn line may end within a character; a whole one never holds half of one.
            if (Files.size(file) == end) {
                throw e;
            }
        }
        requireTorn(number + 1);
    }

    /** What follows the last whole line will be cut off, so it must be the beginning of a record and nothing else. */
    private void requireTorn(int number) throws IOException {
        ByteBuffer rest = ByteBuffer.allocate(BEGINNING.length);
        while (rest.hasRemaining() && channel.read(rest, end + rest.position()) >= 0) {}
        if (!Arrays.equals(rest.array(), 0, rest.position(), BEGINNING, 0, rest.position())) {
            throw notOurs(number, null);
        }
    }

    private String id(String line, int number) {
        try {
            JsonNode id = JSON.readTree(line).get("custom_id");
            if (id != null && id.isTextual()) {
                return id.asText();
            }
        } catch (JsonProcessingException e) {
            throw notOurs(number, e);
        }
        throw notOurs(number, null);
    }

    private CommandFailure notOurs(int number, @Nullable Throwable cause) {
        return new CommandFailure(
                file + ":" + number + ": no answer of a batch: name another file, or move this one away", cause);
    }

    /** Forgets all of it. */
    void clear() throws IOException {
        channel.truncate(0);
        channel.position(0);
        end = 0;
        finished.clear();
    }

    /** Whether an id has its answer. */
    boolean isFinished(String id) {
        return finished.contains(id);
    }

    int finishedCount() {
        return finished.size();
    }

    /** Answers that are written to a file that has no name would be lost at the end. */
    private void requireInPlace() throws IOException {
        if (bytesInPlace() != end) {
            throw new IOException(file + ": moved, deleted or changed by somebody else while the batch writes it: "
                    + finished.size() + " records were in it; bring it back, and start the same command again");
        }
    }

    /** The size of the file that has the name now; -1 if there is none. */
    private long bytesInPlace() throws IOException {
        try {
            return Files.size(file);
        } catch (NoSuchFileException e) {
            return -1;
        }
    }

    /**
     * Appends a record whole, or leaves the file as it was.
     *
     * @throws IOException if there is no room for it, or the file is gone
     */
    void append(String id, String json) throws IOException {
        requireInPlace();
        ByteBuffer line = ByteBuffer.wrap((json + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (line.hasRemaining()) {
                channel.write(line);
            }
        } catch (IOException e) {
            channel.truncate(end);
            throw new IOException(
                    file + ": " + e.getMessage() + ": " + finished.size()
                            + " answers are kept; make room and start the same command again",
                    e);
        }
        end += line.limit();
        finished.add(id);
    }

    @Override
    public void close() throws IOException {
        try (FileChannel closing = channel) {
            closing.force(true);
        }
    }
}
