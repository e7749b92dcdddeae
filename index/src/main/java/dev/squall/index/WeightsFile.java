package dev.squall.index;

import dev.squall.predict.ExpertMapStore.WeightsReader;
import dev.squall.predict.ExpertMapStore.WeightsWriter;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * A policy's weights in the folder of an index: their kind, the weights, and a checksum (CRC-32C) of both. A new file is
 * written whole before it takes the old one's place, so that a killed process leaves the old or the new one.
 */
final class WeightsFile {
    /** Not a name of Lucene's. */
    static final String NAME = "squall.weights";

    private static final int CHECKSUM_BYTES = Long.BYTES;

    private final Path file;

    WeightsFile(Path folder) {
        file = folder.resolve(NAME);
    }

    /** Whether there is none, or one whose checksum is right. */
    boolean isSound() throws IOException {
        if (!Files.exists(file)) {
            return true;
        }
        long bytes = Files.size(file) - CHECKSUM_BYTES;
        if (bytes < 0) {
            return false;
        }
        CRC32C sum = new CRC32C();
        try (DataInputStream in =
                new DataInputStream(new CheckedInputStream(new BufferedInputStream(Files.newInputStream(file)), sum))) {
            in.skipNBytes(bytes);
            long expected = sum.getValue();
            return in.readLong() == expected;
        }
    }

    void delete() throws IOException {
        Files.deleteIfExists(file);
    }

    /**
     * Reads weights. Returns false if there are none of that kind.
     *
     * @throws MapIndexException if the file is damaged
     */
    boolean read(String kind, WeightsReader reader) throws IOException {
        if (!Files.exists(file)) {
            return false;
        }
        if (!isSound()) {
            throw new MapIndexException("the weights in " + file
                    + " are damaged: squall index check --repair removes them, so that they are learnt anew");
        }
        try (InputStream bytes = Files.newInputStream(file);
                DataInputStream in = new DataInputStream(new BufferedInputStream(bytes, 1 << 16))) {
            if (!in.readUTF().equals(kind)) {
                return false;
            }
            reader.read(in);
            return true;
        }
    }

    void write(String kind, WeightsWriter writer) throws IOException {
        Path whole = file.resolveSibling(NAME + ".new");
        try {
            writeWhole(whole, kind, writer);
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(whole);
        }
    }

    private static void writeWhole(Path whole, String kind, WeightsWriter writer) throws IOException {
        try (FileChannel channel = FileChannel.open(
                whole, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            CRC32C sum = new CRC32C();
            OutputStream buffered = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
            DataOutputStream out = new DataOutputStream(new CheckedOutputStream(buffered, sum));
            out.writeUTF(kind);
            writer.write(out);
            out.writeLong(sum.getValue());
            out.flush();
            channel.force(true);
        }
    }
}
