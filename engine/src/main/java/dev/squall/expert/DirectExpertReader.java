package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import dev.squall.model.WeightMatrix;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads experts past the page cache (O_DIRECT), so that memory holds each byte once and what the cache evicts is free at
 * once. Reads begin and end at the file system's blocks; a slice lies in its slot where its first block puts it.
 */
public final class DirectExpertReader implements ExpertReader {
    private final StoredExperts experts;
    private final Map<Path, FileChannel> channels = new LinkedHashMap<>();
    private final long blockBytes;

    /**
     * Opens the files that hold the experts.
     *
     * @throws IOException if one cannot be opened, or its file system has no direct reads
     */
    public DirectExpertReader(StoredExperts experts) throws IOException {
        this.experts = experts;
        long largestBlock = 512;
        try {
            for (List<StoredExperts.StoredExpert> layer : experts.layers()) {
                for (StoredExperts.StoredExpert expert : layer) {
                    for (StoredExperts.Slice slice : expert.slices()) {
                        Path file = slice.tensor().file();
                        if (!channels.containsKey(file)) {
                            channels.put(file, open(file));
                            largestBlock = Math.max(
                                    largestBlock, Files.getFileStore(file).getBlockSize());
                        }
                    }
                }
            }
        } catch (IOException | RuntimeException failure) {
            close();
            throw failure;
        }
        blockBytes = largestBlock;
    }

    /** Whether a file can be read directly: not every file system, nor every JDK, has such reads. */
    public static boolean canRead(Path file) throws IOException {
        long blockBytes = Files.getFileStore(file).getBlockSize();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, directOption())) {
            ByteBuffer block = ByteBuffer.allocateDirect(Math.toIntExact(2 * blockBytes))
                    .alignedSlice(Math.toIntExact(blockBytes));
            channel.read(block.limit(Math.toIntExact(blockBytes)), 0);
            return true;
        } catch (IOException | UnsupportedOperationException refused) {
            return false;
        }
    }

    private static FileChannel open(Path file) throws IOException {
        try {
            return FileChannel.open(file, StandardOpenOption.READ, directOption());
        } catch (UnsupportedOperationException unsupported) {
            throw new IOException(
                    file + " cannot be read directly, as its file system has no such reads: copy experts instead",
                    unsupported);
        }
    }

    /** {@code ExtendedOpenOption.DIRECT} of module jdk.unsupported, by name: javac lets no source mention it unwarned. */
    private static OpenOption directOption() throws IOException {
        try {
            for (Object option :
                    Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
                if (option.toString().equals("DIRECT")) {
                    return (OpenOption) option;
                }
            }
        } catch (ClassNotFoundException missing) {
            throw new IOException("this JDK has no direct reads: its module jdk.unsupported is missing", missing);
        }
        throw new IOException("this JDK has no direct reads");
    }

    @Override
    public long slotBytes() {
        return experts.slotBytes(blockBytes, 2 * blockBytes);
    }

    @Override
    public long slotAlignment() {
        return blockBytes;
    }

    @Override
    public ExpertWeights read(int layer, int expert, MemorySegment slot) throws IOException {
        WeightMatrix[] matrices = new WeightMatrix[3];
        long at = 0;
        for (int i = 0; i < matrices.length; i++) {
            StoredExperts.Slice slice = experts.get(layer, expert).slices().get(i);
            long from = slice.offset() & -blockBytes;
            long to = StoredExperts.alignUp(slice.offset() + slice.bytes(), blockBytes);
            MemorySegment place = slot.asSlice(at, to - from);
            long skipped = slice.offset() - from;
            readFully(slice.tensor().file(), from, place, skipped + slice.bytes());
            matrices[i] = slice.at(place.asSlice(skipped, slice.bytes()));
            at += to - from;
        }
        return new ExpertWeights(matrices[0], matrices[1], matrices[2]);
    }

    /** Fills {@code place} from the file, at least {@code needed} bytes of it: the file may end within its last block. */
    private void readFully(Path file, long from, MemorySegment place, long needed) throws IOException {
        FileChannel channel = channels.get(file);
        if (channel == null) {
            throw new IOException(file + " was not opened");
        }
        ByteBuffer buffer = place.asByteBuffer();
        while (buffer.position() < needed) {
            int count = channel.read(buffer, from + buffer.position());
            // Only the end of a file ends a read within a block, and nothing can be read from there on.
            if (count < 0 || (buffer.position() < needed && buffer.position() % blockBytes != 0)) {
                throw new EOFException(file + " ends at byte " + (from + buffer.position()) + ", expected at least "
                        + (from + needed) + ": it was cut off while it was in use: bring it back as it was");
            }
        }
    }

    @Override
    public void close() {
        for (FileChannel channel : channels.values()) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        channels.clear();
    }
}
