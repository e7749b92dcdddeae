package dev.squall.cli.loading;

import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Failures;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.CRC32;

/**
 * The small model inside the engine's jar. A model is mapped into memory and so must be a file: out of a jar it is
 * unpacked once into the cache, in a directory named by its hash; out of a directory of classes it is used
 * where it is. An unpacked copy is checked by SHA-256 when it is written and by size and CRC-32 at each later start,
 * which takes two milliseconds.
 */
public final class DemoModel {
    private static final String FILE = "demo-moe-q8_0.gguf";
    static final String RESOURCE = "/dev/squall/demo/" + FILE;
    static final long BYTES = 9_477_760;
    static final String SHA256 = "5e81d0fcff33a9abce0b345524334c1aeaa7c4b9d25d47cd552173b8076e1b4e";
    static final long CRC = 4_203_759_765L;

    private DemoModel() {}

    /**
     * The model as a file.
     *
     * @param cache the directory to unpack it into
     * @param notes told if the cache cannot be written and a temporary directory serves instead
     */
    public static Path locate(Path cache, PrintStream notes) throws IOException {
        URL resource = DemoModel.class.getResource(RESOURCE);
        if (resource == null) {
            throw new CommandFailure("the demo model is not part of this build: name a model with --model FILE");
        }
        return locate(resource, cache, notes);
    }

    /** The same for a resource in a jar or a directory. */
    public static Path locate(URL resource, Path cache, PrintStream notes) throws IOException {
        if (resource.getProtocol().equals("file")) {
            return path(resource);
        }
        Path directory = cache.resolve(SHA256.substring(0, 12));
        Path unpacked = directory.resolve(FILE);
        if (isIntact(unpacked)) {
            return unpacked;
        }
        try {
            Files.createDirectories(directory);
            return unpack(resource, unpacked);
        } catch (IOException e) {
            Path temporary = Files.createTempDirectory("squall");
            notes.println("squall: the demo model is unpacked into " + temporary + " for this run, as " + cache
                    + " cannot be written (" + Failures.describe(e) + ")");
            Path file = unpack(resource, temporary.resolve(FILE));
            // The directory is registered first: they are deleted in reverse order.
            temporary.toFile().deleteOnExit();
            file.toFile().deleteOnExit();
            return file;
        }
    }

    /** Whether a file is the whole demo model. */
    static boolean isIntact(Path file) throws IOException {
        if (!Files.isReadable(file) || Files.size(file) != BYTES) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MappedByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, BYTES);
            CRC32 crc = new CRC32();
            crc.update(bytes);
            return crc.getValue() == CRC;
        }
    }

    /** Written beside its place and moved there whole, so that two first starts at once do no harm. */
    private static Path unpack(URL resource, Path target) throws IOException {
        Path partial = Files.createTempFile(target.getParent(), "unpacking", ".gguf");
        try {
            MessageDigest sha256 = sha256();
            try (InputStream in = new DigestInputStream(resource.openStream(), sha256);
                    OutputStream out = Files.newOutputStream(partial)) {
                in.transferTo(out);
            }
            String actual = HexFormat.of().formatHex(sha256.digest());
            if (!actual.equals(SHA256)) {
                throw new CommandFailure("demo model: SHA-256 " + actual + ", expected " + SHA256
                        + ": the jar is damaged, install Squall again");
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return target;
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    private static Path path(URL resource) {
        try {
            return Path.of(new URI(resource.toString()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(resource.toString(), e);
        }
    }
}
