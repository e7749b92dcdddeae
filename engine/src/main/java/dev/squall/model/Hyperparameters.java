package dev.squall.model;

import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufMetadata;

/**
 * The numbers that shape a model, read from a file's {@code {arch}.*} keys and checked for sense.
 *
 * @param architecture the family
 * @param blockCount layers (L)
 * @param embeddingLength width of the hidden state
 * @param contextLength positions the model was trained for
 * @param headCount query heads
 * @param headCountKv key/value heads; divides {@code headCount}
 * @param keyLength elements of a query or key head
 * @param valueLength elements of a value head
 * @param ropeDimensionCount elements of a head that RoPE turns, even
 * @param ropeFrequencyBase RoPE's base
 * @param normEpsilon added to the mean square under the root
 * @param expertCount routed experts of a layer (J)
 * @param expertUsedCount experts used for a token (K)
 * @param expertFeedForwardLength inner width of an expert
 */
public record Hyperparameters(
        Architecture architecture,
        int blockCount,
        int embeddingLength,
        int contextLength,
        int headCount,
        int headCountKv,
        int keyLength,
        int valueLength,
        int ropeDimensionCount,
        float ropeFrequencyBase,
        float normEpsilon,
        int expertCount,
        int expertUsedCount,
        int expertFeedForwardLength) {

    /** No model in sight comes near; a file beyond it is broken. */
    private static final int SIZE_MAX = 1 << 20;

    /** Reads them from a file. */
    public static Hyperparameters of(GgufFile file) {
        GgufMetadata metadata = file.metadata();
        String source = file.paths().getFirst().getFileName().toString();
        Architecture architecture = Architecture.named(metadata.string("general.architecture"), source);
        Keys keys = new Keys(metadata, architecture.name() + ".", source);

        int embeddingLength = keys.size("embedding_length");
        int headCount = keys.size("attention.head_count");
        int headCountKv = keys.sizeOrElse("attention.head_count_kv", headCount);
        int keyLength = keys.sizeOrElse("attention.key_length", Math.max(1, embeddingLength / headCount));
        int valueLength = keys.sizeOrElse("attention.value_length", keyLength);
        int ropeDimensionCount = keys.sizeOrElse("rope.dimension_count", keyLength);
        if (headCount % headCountKv != 0) {
            throw keys.wrong("attention.head_count_kv", headCountKv, "a divisor of " + headCount + " (head_count)");
        }
        if (ropeDimensionCount % 2 != 0 || ropeDimensionCount > keyLength) {
            throw keys.wrong("rope.dimension_count", ropeDimensionCount, "even and at most " + keyLength);
        }
        String scaling = metadata.stringOrElse(architecture.name() + ".rope.scaling.type", "none");
        if (!scaling.equals("none")) {
            throw new ModelException(architecture.name() + ".rope.scaling.type: '" + scaling
                    + "' is not supported, expected none in " + source);
        }
        if (!metadata.contains(architecture.name() + ".expert_count")) {
            throw new ModelException(architecture.name() + ".expert_count is missing in " + source
                    + ": a dense model; Squall runs mixture-of-experts models");
        }
        int expertCount = keys.size("expert_count");
        int expertUsedCount = keys.size("expert_used_count");
        if (expertUsedCount > expertCount) {
            throw keys.wrong("expert_used_count", expertUsedCount, "at most " + expertCount + " (expert_count)");
        }
        float epsilon = metadata.float32(architecture.name() + ".attention.layer_norm_rms_epsilon");
        if (!(epsilon >= 0 && epsilon < 1)) {
            throw keys.wrong("attention.layer_norm_rms_epsilon", epsilon, "from 0 to 1");
        }
        float frequencyBase = metadata.float32OrElse(architecture.name() + ".rope.freq_base", 10_000f);
        if (!(frequencyBase > 1 && Float.isFinite(frequencyBase))) {
            throw keys.wrong("rope.freq_base", frequencyBase, "a number above 1");
        }
        return new Hyperparameters(
                architecture,
                keys.size("block_count"),
                embeddingLength,
                keys.sizeUpTo("context_length", Integer.MAX_VALUE),
                headCount,
                headCountKv,
                keyLength,
                valueLength,
                ropeDimensionCount,
                frequencyBase,
                epsilon,
                expertCount,
                expertUsedCount,
                keys.size("expert_feed_forward_length"));
    }

    private record Keys(GgufMetadata metadata, String prefix, String source) {
        int size(String key) {
            return sizeUpTo(key, SIZE_MAX);
        }

        int sizeOrElse(String key, int otherwise) {
            return metadata.contains(prefix + key) ? size(key) : otherwise;
        }

        int sizeUpTo(String key, int most) {
            int value = metadata.int32(prefix + key);
            if (value < 1 || value > most) {
                throw wrong(key, value, "from 1 to " + most);
            }
            return value;
        }

        ModelException wrong(String key, Number actual, String expected) {
            return new ModelException(prefix + key + "=" + actual + ", expected " + expected + " in " + source);
        }
    }
}
