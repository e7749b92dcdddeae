package dev.squall.gguf;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A GGUF file put together byte by byte, so that a test can state what the writer would refuse. Counts and offsets are
 * written as given, true or not.
 */
final class RawGguf {
    private final HeaderBytes bytes = new HeaderBytes();

    RawGguf(int version, long tensorCount, long metadataCount) {
        bytes.int32(0x46554747);
        bytes.int32(version);
        bytes.int64(tensorCount);
        bytes.int64(metadataCount);
    }

    RawGguf int32(int value) {
        bytes.int32(value);
        return this;
    }

    RawGguf int64(long value) {
        bytes.int64(value);
        return this;
    }

    RawGguf text(String text) {
        bytes.text(text);
        return this;
    }

    RawGguf entry(String key, GgufValue value) {
        bytes.entry(key, value);
        return this;
    }

    RawGguf tensor(String name, BlockType type, long offset, long... dimensions) {
        return tensor(name, type.id(), offset, dimensions);
    }

    RawGguf tensor(String name, int typeId, long offset, long... dimensions) {
        bytes.text(name);
        bytes.int32(dimensions.length);
        for (long dimension : dimensions) {
            bytes.int64(dimension);
        }
        bytes.int32(typeId);
        bytes.int64(offset);
        return this;
    }

    /** Pads to the default alignment and appends zeros as tensor data. */
    byte[] withData(int dataBytes) {
        byte[] header = bytes.toByteArray();
        byte[] file = new byte[(header.length + 31) / 32 * 32 + dataBytes];
        System.arraycopy(header, 0, file, 0, header.length);
        return file;
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    static Path write(Path directory, String name, byte[] content) throws IOException {
        return Files.write(directory.resolve(name), content);
    }

    /** Touches every tensor byte and every metadata element; returns a sum so that nothing is optimised away. */
    static long readAll(GgufFile file) {
        long sum = 0;
        for (GgufTensor tensor : file.tensors().values()) {
            for (long offset = 0; offset < tensor.bytes(); offset++) {
                sum += tensor.data().get(ValueLayout.JAVA_BYTE, offset);
            }
            float[] row = new float[Math.toIntExact(tensor.dimension(0))];
            BlockCodec.decode(tensor.type(), tensor.data(), tensor.bytes() - tensor.rowBytes(), row, 0, row.length);
            sum += Float.floatToIntBits(row[row.length - 1])
                    + file.location(tensor.name()).offset();
        }
        for (GgufValue value : file.metadata().entries().values()) {
            sum += readAll(value);
        }
        return sum;
    }

    private static long readAll(GgufValue value) {
        long sum = value.display(40).length();
        if (value instanceof GgufValue.Array array) {
            for (int i = 0; i < array.length(); i++) {
                sum += readAll(array.get(i));
            }
        }
        return sum;
    }
}
