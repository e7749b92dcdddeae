package dev.squall.gguf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a GGUF file of version 3. Metadata and tensors are declared first, in the order of the file; the data of each
 * tensor is asked for when its turn comes, so a file may be far larger than memory. One thread only.
 */
public final class GgufWriter {
    private static final int MAGIC = 0x46554747;
    private static final int VERSION = 3;
    private static final int COPY_BYTES = 8 << 20;

    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
    private final Map<String, Declaration> tensors = new LinkedHashMap<>();
    private int alignment = GgufLimits.ALIGNMENT_DEFAULT;

    /** Gives the data of one tensor, in order, in as many calls of {@link Sink#write} as it likes. */
    @FunctionalInterface
    public interface Source {
        void writeTo(Sink sink) throws IOException;
    }

    /** Takes the data of one tensor. */
    @FunctionalInterface
    public interface Sink {
        /** Appends all bytes of the segment. */
        void write(MemorySegment bytes) throws IOException;
    }

    private record Declaration(String name, BlockType type, List<Long> dimensions, long bytes, Source source) {}

    /**
     * Adds a metadata entry. {@code general.alignment} sets the alignment of this file.
     *
     * @throws IllegalArgumentException if the key is there already, empty or too long, or the alignment no power of two
     */
    public GgufWriter metadata(String key, GgufValue value) {
        int keyBytes = key.getBytes(StandardCharsets.UTF_8).length;
        if (keyBytes < 1 || keyBytes > GgufLimits.KEY_BYTES_MAX) {
            throw new IllegalArgumentException("metadata %s: key of %d bytes, expected 1 to %d"
                    .formatted(Printable.quoted(key), keyBytes, GgufLimits.KEY_BYTES_MAX));
        }
        if (key.equals(GgufMetadata.ALIGNMENT)) {
            if (!(value instanceof GgufValue.Whole(GgufValueType type, long number))
                    || type != GgufValueType.UINT32
                    || !GgufPart.isAlignment(number)) {
                throw new IllegalArgumentException(
                        "metadata 'general.alignment': %s %s, expected a uint32 that is a power of two up to %d"
                                .formatted(value.type(), value.display(40), GgufLimits.ALIGNMENT_MAX));
            }
            alignment = (int) number;
        }
        if (metadata.putIfAbsent(key, value) != null) {
            throw new IllegalArgumentException(
                    "metadata %s: given twice, expected each key once".formatted(Printable.quoted(key)));
        }
        return this;
    }

    /** Adds a string. */
    public GgufWriter metadata(String key, String value) {
        return metadata(key, GgufValue.string(value));
    }

    /** Adds a UINT32, the type that models use for their sizes. */
    public GgufWriter metadata(String key, int value) {
        return metadata(key, GgufValue.uint32(value));
    }

    /** Adds a FLOAT32. */
    public GgufWriter metadata(String key, float value) {
        return metadata(key, GgufValue.float32(value));
    }

    /** Adds a BOOL. */
    public GgufWriter metadata(String key, boolean value) {
        return metadata(key, GgufValue.bool(value));
    }

    /** Adds a tensor as it is. */
    public GgufWriter tensor(GgufTensor tensor) {
        return tensor(tensor.name(), tensor.type(), tensor.dimensions(), tensor.data());
    }

    /**
     * Adds a tensor whose data is at hand; it is read when the file is written.
     *
     * @throws IllegalArgumentException if name, type, dimensions and data do not go together, or the name is there already
     */
    public GgufWriter tensor(String name, BlockType type, List<Long> dimensions, MemorySegment data) {
        GgufTensor tensor = new GgufTensor(name, type, dimensions, data);
        return tensor(name, type, dimensions, sink -> sink.write(tensor.data()));
    }

    /**
     * Adds a tensor whose data is made when the file is written.
     *
     * @throws IllegalArgumentException if type and dimensions do not go together, or the name is there already
     */
    public GgufWriter tensor(String name, BlockType type, List<Long> dimensions, Source source) {
        int nameBytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (nameBytes < 1 || nameBytes > GgufLimits.TENSOR_NAME_BYTES_MAX) {
            throw new IllegalArgumentException("%s: name of %d bytes, expected 1 to %d"
                    .formatted(GgufPart.subject(name), nameBytes, GgufLimits.TENSOR_NAME_BYTES_MAX));
        }
        long bytes = GgufTensor.checkedBytes(name, type, dimensions);
        Declaration declaration = new Declaration(name, type, List.copyOf(dimensions), bytes, source);
        if (tensors.putIfAbsent(name, declaration) != null) {
            throw new IllegalArgumentException(
                    "%s: given twice, expected each name once".formatted(GgufPart.subject(name)));
        }
        return this;
    }

    /**
     * Writes the file, replacing one that is there. The name appears only when all is written; a failure leaves nothing.
     *
     * @throws IllegalStateException if a source gives another number of bytes than its tensor has
     */
    public void write(Path file) throws IOException {
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        try {
            try (FileChannel channel = FileChannel.open(
                    partial,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                write(channel);
            }
            Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /**
     * Writes the file from the channel's position on, which must be a multiple of the alignment, mostly 0.
     *
     * @throws IllegalStateException if a source gives another number of bytes than its tensor has
     */
    public void write(FileChannel channel) throws IOException {
        HeaderBytes header = new HeaderBytes();
        header.int32(MAGIC);
        header.int32(VERSION);
        header.int64(tensors.size());
        header.int64(metadata.size());
        metadata.forEach(header::entry);
        long offset = 0;
        for (Declaration tensor : tensors.values()) {
            header.text(tensor.name());
            header.int32(tensor.dimensions().size());
            tensor.dimensions().forEach(header::int64);
            header.int32(tensor.type().id());
            header.int64(offset);
            offset = GgufPart.alignUp(offset + tensor.bytes(), alignment);
        }
        ByteBuffer headerBytes = ByteBuffer.wrap(header.toByteArray());
        long position = headerBytes.remaining();
        writeAll(channel, headerBytes);
        pad(channel, position);
        for (Declaration tensor : tensors.values()) {
            writeData(channel, tensor);
            pad(channel, tensor.bytes());
        }
    }

    private static void writeData(FileChannel channel, Declaration tensor) throws IOException {
        TensorSink sink = new TensorSink(channel, tensor);
        tensor.source().writeTo(sink);
        if (sink.written != tensor.bytes()) {
            throw new IllegalStateException("%s: source gave %d bytes, expected %d"
                    .formatted(GgufPart.subject(tensor.name()), sink.written, tensor.bytes()));
        }
    }

    private void pad(FileChannel channel, long bytes) throws IOException {
        writeAll(channel, ByteBuffer.allocate((int) (GgufPart.alignUp(bytes, alignment) - bytes)));
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static final class TensorSink implements Sink {
        private final FileChannel channel;
        private final Declaration tensor;
        private long written;

        private TensorSink(FileChannel channel, Declaration tensor) {
            this.channel = channel;
            this.tensor = tensor;
        }

        @Override
        public void write(MemorySegment bytes) throws IOException {
            if (bytes.byteSize() > tensor.bytes() - written) {
                throw new IllegalStateException("%s: source gave %d bytes or more, expected %d"
                        .formatted(GgufPart.subject(tensor.name()), written + bytes.byteSize(), tensor.bytes()));
            }
            for (long offset = 0; offset < bytes.byteSize(); offset += COPY_BYTES) {
                long length = Math.min(COPY_BYTES, bytes.byteSize() - offset);
                writeAll(channel, bytes.asSlice(offset, length).asByteBuffer());
            }
            written += bytes.byteSize();
        }
    }
}
