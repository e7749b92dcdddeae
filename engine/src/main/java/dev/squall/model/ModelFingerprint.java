package dev.squall.model;

import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufTensor;
import dev.squall.gguf.GgufValue;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Tells models and quantisations apart without reading all of a file: a digest of every tensor's name, type and shape
 * and of some bytes of each, and digests of what else a file says that answers depend on.
 */
public final class ModelFingerprint {
    private static final long SAMPLE_BYTES = 256;
    private static final String ARCHITECTURE = "general.architecture";
    private static final String TOKENIZER = "tokenizer.";
    private static final String TEMPLATE = "tokenizer.chat_template";

    private ModelFingerprint() {}

    /** Of the tensors: 32 hexadecimal digits, as all of these. */
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

    /** Of all that turns text into tokens and back, but for the chat templates. */
    public static String ofTokenizer(GgufFile file) {
        return ofMetadata(file, key -> key.startsWith(TOKENIZER) && !key.startsWith(TEMPLATE));
    }

    /** Of what lays out a conversation as text. */
    public static String ofChatTemplates(GgufFile file) {
        return ofMetadata(file, key -> key.startsWith(TEMPLATE));
    }

    /** Of the architecture and the numbers that the model computes with beside its tensors. */
    public static String ofHyperparameters(GgufFile file) {
        String architecture = file.metadata().string(ARCHITECTURE);
        return ofMetadata(file, key -> key.equals(ARCHITECTURE) || key.startsWith(architecture + "."));
    }

    private static String ofMetadata(GgufFile file, Predicate<String> isMeant) {
        MessageDigest digest = sha256();
        new TreeMap<>(file.metadata().entries()).forEach((key, value) -> {
            if (isMeant.test(key)) {
                update(digest, key);
                update(digest, value);
            }
        });
        return HexFormat.of().formatHex(digest.digest(), 0, 16);
    }

    private static void update(MessageDigest digest, GgufValue value) {
        switch (value) {
            case GgufValue.Text text -> update(digest, text.value());
            case GgufValue.Whole whole -> update(digest, Long.toString(whole.value()));
            case GgufValue.Real real -> update(digest, Double.toString(real.value()));
            case GgufValue.Bool bool -> update(digest, Boolean.toString(bool.value()));
            case GgufValue.Array array -> {
                update(digest, Integer.toString(array.length()));
                for (int i = 0; i < array.length(); i++) {
                    update(digest, array.get(i));
                }
            }
        }
    }

    /** Texts are told apart whatever they hold: the length comes first. */
    private static void update(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
        digest.update(bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
