package dev.squall.model;

import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufTensor;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeMap;

/**
 * Tells models and quantisations apart without reading all of a file: a digest of every tensor's name, type and shape
 * and of some bytes of each.
 */
public final class ModelFingerprint {
    private static final long SAMPLE_BYTES = 256;

    private ModelFingerprint() {}

    /** 32 hexadecimal digits. */
    public static String of(GgufFile file) {
        MessageDigest digest = sha256();
        for (GgufTensor tensor : new TreeMap<>(file.tensors()).values()) {
            StringBuilder head = new StringBuilder(tensor.name()).append(' ').append(tensor.type());
            for (int i = 0; i < tensor.rank(); i++) {
                head.append(' ').append(tensor.dimension(i));
            }
            digest.update(head.append('\n').toString().getBytes(StandardCharsets.UTF_8));
            MemorySegment data = tensor.data();
            long from = data.byteSize() / 2 / SAMPLE_BYTES * SAMPLE_BYTES;
            digest.update(data.asSlice(from, Math.min(SAMPLE_BYTES, data.byteSize() - from))
                    .asByteBuffer());
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 16);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
