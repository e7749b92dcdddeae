package dev.squall.model;

import static dev.squall.model.ExpertGate.Scores.SELECTED_SOFTMAX;
import static dev.squall.model.ExpertGate.Scores.SIGMOID;
import static dev.squall.model.ExpertGate.Scores.SOFTMAX;
import static dev.squall.model.Feature.ALTERNATING_WINDOW;
import static dev.squall.model.Feature.GATED_SHARED_EXPERT;
import static dev.squall.model.Feature.LATENT_ATTENTION;
import static dev.squall.model.Feature.SCALES;
import static dev.squall.model.Feature.SHARED_EXPERT;

import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufMetadata;
import dev.squall.model.ExpertGate.Scores;
import org.jspecify.annotations.Nullable;

/** Reads {@link Hyperparameters}. Where a key is absent, llama.cpp's default for the architecture holds. */
final class HyperparameterReader {
    private final Architecture architecture;
    private final ModelKeys keys;

    private HyperparameterReader(Architecture architecture, ModelKeys keys) {
        this.architecture = architecture;
        this.keys = keys;
    }

    static Hyperparameters read(GgufFile file) {
        GgufMetadata metadata = file.metadata();
        String source = file.paths().getFirst().getFileName().toString();
        Architecture architecture = Architecture.named(metadata.string("general.architecture"), source);
        return new HyperparameterReader(architecture, new ModelKeys(metadata, architecture.name() + ".", source))
                .read();
    }

    private Hyperparameters read() {
        ExpertGate gate = gate();
        int blockCount = keys.size("block_count");
        int denseBlockCount = keys.count("leading_dense_block_count", 0);
        if (denseBlockCount >= blockCount) {
            throw keys.wrong(
                    "leading_dense_block_count", denseBlockCount, "less than " + blockCount + " (block_count)");
        }
        int embeddingLength = keys.size("embedding_length");
        int headCount = keys.size("attention.head_count");
        int headCountKv = keys.size("attention.head_count_kv", headCount);
        if (headCount % headCountKv != 0) {
            throw keys.wrong("attention.head_count_kv", headCountKv, "a divisor of " + headCount + " (head_count)");
        }
        int headLength = Math.max(1, embeddingLength / headCount);
        int keyLength = keys.size("attention.key_length", headLength);
        int valueLength = keys.size("attention.value_length", headLength);
        int contextLength = keys.size("context_length", 1, Integer.MAX_VALUE);
        LatentShape latent = architecture.has(LATENT_ATTENTION) ? latent(keyLength, valueLength) : null;
        if (latent != null) {
            headCountKv = latent.absorbed() ? 1 : headCount;
        }
        Rope rope = rope(keyLength, contextLength, latent);
        if (latent != null) {
            keyLength = latent.absorbed() ? latent.rank() + rope.dimensionCount() : latent.keyLength();
            valueLength = latent.absorbed() ? latent.rank() : latent.valueLength();
        }
        keys.requireRoom("attention.key_length", keyLength, headCount, "head_count");
        keys.requireRoom("attention.value_length", valueLength, headCount, "head_count");
        int expertFeedForwardLength = expertFeedForwardLength(gate);
        return new Hyperparameters(
                architecture,
                blockCount,
                denseBlockCount,
                embeddingLength,
                contextLength,
                headCount,
                headCountKv,
                keyLength,
                valueLength,
                latent,
                architecture.has(ALTERNATING_WINDOW) ? keys.size("attention.sliding_window") : 0,
                rope,
                scales(keyLength, rope, latent),
                keys.number("attention.layer_norm_rms_epsilon", 0, 1),
                gate,
                expertFeedForwardLength,
                sharedFeedForwardLength(expertFeedForwardLength),
                denseBlockCount == 0 ? 0 : keys.size("feed_forward_length"));
    }

    private ExpertGate gate() {
        int expertCount = keys.count("expert_count", 0);
        if (expertCount == 0) {
            throw keys.wrong(
                    "expert_count",
                    "is missing or 0",
                    "a mixture of experts; this " + architecture.name() + " model is dense, which Squall does not run");
        }
        int usedCount = keys.size("expert_used_count");
        if (usedCount > expertCount) {
            throw keys.wrong("expert_used_count", usedCount, "at most " + expertCount + " (expert_count)");
        }
        int groupCount = Math.max(1, keys.count("expert_group_count", 1));
        int groupUsedCount = groupCount == 1 ? 1 : keys.size("expert_group_used_count");
        if (groupCount > 1 && (expertCount % groupCount != 0 || expertCount / groupCount < 2)) {
            throw keys.wrong(
                    "expert_group_count",
                    groupCount,
                    "groups of equal size, at least 2 of " + expertCount + " experts");
        }
        if (groupCount > 1 && (groupUsedCount >= groupCount || usedCount > expertCount / groupCount * groupUsedCount)) {
            throw keys.wrong(
                    "expert_group_used_count",
                    groupUsedCount,
                    "less than " + groupCount + " and enough for " + usedCount + " experts");
        }
        float weightScale = keys.number("expert_weights_scale", 0, Float.MAX_VALUE, 0);
        return new ExpertGate(
                scores(),
                expertCount,
                usedCount,
                keys.flag("expert_weights_norm", architecture.renormalisesExpertWeights()),
                weightScale == 0 ? 1 : weightScale,
                groupCount,
                groupUsedCount);
    }

    private Scores scores() {
        int function = keys.count("expert_gating_func", 0);
        return switch (function) {
            case 0 -> architecture.scores();
            case 1 -> SOFTMAX;
            case 2 -> SIGMOID;
            case 3 -> SELECTED_SOFTMAX;
            default ->
                throw keys.wrong(
                        "expert_gating_func", function, "1 (softmax), 2 (sigmoid) or 3 (softmax over the selected)");
        };
    }

    private LatentShape latent(int keyLength, int valueLength) {
        if (keys.number("attention.temperature_scale", 0, Float.MAX_VALUE, 0) != 0) {
            throw keys.wrong("attention.temperature_scale", "is not supported", "absent");
        }
        boolean absorbed = keys.has("attention.key_length_mla") && keys.has("attention.value_length_mla");
        return new LatentShape(
                keys.count("attention.q_lora_rank", 0),
                keys.size("attention.kv_lora_rank"),
                absorbed ? keys.size("attention.key_length_mla") : keyLength,
                absorbed ? keys.size("attention.value_length_mla") : valueLength,
                absorbed);
    }

    private Rope rope(int keyLength, int contextLength, @Nullable LatentShape latent) {
        int rotatedMax = latent == null ? keyLength : latent.keyLength() - 1;
        int dimensionCount = keys.size("rope.dimension_count", keyLength);
        if (dimensionCount % 2 != 0 || dimensionCount > rotatedMax) {
            throw keys.wrong("rope.dimension_count", dimensionCount, "even and at most " + rotatedMax);
        }
        if (architecture.has(SCALES) && !keys.flag("rope.scaling.finetuned", true)) {
            dimensionCount = 0;
        }
        float frequencyBase = keys.number("rope.freq_base", Math.nextUp(1f), Float.MAX_VALUE, 10_000);
        String scaling = keys.text("rope.scaling.type", "linear");
        float factor =
                switch (scaling) {
                    case "none" -> 1;
                    case "linear", "yarn", "longrope" -> scalingFactor();
                    default ->
                        throw keys.wrong(
                                "rope.scaling.type",
                                "'" + scaling + "' is not supported",
                                "none, linear, yarn or longrope");
                };
        float extrapolation = keys.number("rope.scaling.yarn_ext_factor", -1, 1, -1);
        if (extrapolation < 0) {
            extrapolation = scaling.equals("yarn") ? 1 : 0;
        }
        Rope.Yarn yarn = extrapolation == 0
                ? null
                : new Rope.Yarn(
                        keys.number("rope.scaling.yarn_beta_fast", 0, Float.MAX_VALUE, 32),
                        keys.number("rope.scaling.yarn_beta_slow", 0, Float.MAX_VALUE, 1),
                        extrapolation);
        return new Rope(
                dimensionCount,
                frequencyBase,
                1 / factor,
                magnitude(yarn, factor),
                keys.size("rope.scaling.original_context_length", contextLength, Integer.MAX_VALUE),
                yarn);
    }

    private float scalingFactor() {
        float linear = keys.number("rope.scale_linear", 0, Float.MAX_VALUE, 0);
        float factor = keys.number("rope.scaling.factor", 0, Float.MAX_VALUE, linear);
        return factor == 0 ? 1 : factor;
    }

    /**
     * What rotated elements are multiplied by. With YaRN 0.1 ln(factor) + 1, but 1 where {@code yarn_log_multiplier} has
     * the attention scale make up for it.
     */
    private float magnitude(Rope.@Nullable Yarn yarn, float factor) {
        float attention = keys.number("rope.scaling.attn_factor", 0, Float.MAX_VALUE, 1);
        if (yarn == null) {
            return attention * keys.number("rope.scaling.yarn_attn_factor", 0, Float.MAX_VALUE, 1);
        }
        return yarnLogMultiplier() == 0 ? attention * stretched(Math.max(1, factor), 1) : attention;
    }

    private float yarnLogMultiplier() {
        return architecture.has(LATENT_ATTENTION)
                ? keys.number("rope.scaling.yarn_log_multiplier", 0, Float.MAX_VALUE, 0) / 0.1f
                : 0;
    }

    private static float stretched(float factor, float multiplier) {
        return 1 + 0.1f * multiplier * (float) Math.log(factor);
    }

    private Scales scales(int keyLength, Rope rope, @Nullable LatentShape latent) {
        if (latent != null) {
            // A stretched context sharpens attention, which llama.cpp takes from queries and keys alike.
            float factor = 1 / rope.frequencyScale();
            float magnitude = rope.yarn() == null ? rope.magnitude() * stretched(factor, 1) : rope.magnitude();
            float sharpness = magnitude * stretched(factor, yarnLogMultiplier());
            return new Scales(1, (float) (sharpness * sharpness / Math.sqrt(latent.keyLength())), 1, 1);
        }
        float attention = (float) (1 / Math.sqrt(keyLength));
        if (!architecture.has(SCALES)) {
            return new Scales(1, attention, 1, 1);
        }
        return new Scales(
                scale("embedding_scale", 1),
                scale("attention.scale", attention),
                scale("residual_scale", 1),
                1 / keys.number("logit_scale", Float.MIN_NORMAL, Float.MAX_VALUE));
    }

    /** A factor that 0 leaves out. */
    private float scale(String key, float otherwise) {
        float value = keys.number(key, 0, Float.MAX_VALUE, 0);
        return value == 0 ? otherwise : value;
    }

    private int expertFeedForwardLength(ExpertGate gate) {
        if (keys.has("expert_feed_forward_length")) {
            return keys.size("expert_feed_forward_length");
        }
        int feedForwardLength = keys.size("feed_forward_length");
        // The first Qwen1.5-MoE files state the width of all the experts that a token uses.
        return architecture.has(GATED_SHARED_EXPERT) ? feedForwardLength / gate.usedCount() : feedForwardLength;
    }

    private int sharedFeedForwardLength(int expertFeedForwardLength) {
        if (architecture.has(GATED_SHARED_EXPERT)) {
            int stated = keys.count("expert_shared_feed_forward_length", 0);
            return stated == 0 ? keys.size("feed_forward_length") : stated;
        }
        if (!architecture.has(SHARED_EXPERT)) {
            return 0;
        }
        return keys.has("expert_shared_count")
                ? Math.multiplyExact(keys.count("expert_shared_count", 0), expertFeedForwardLength)
                : keys.count("expert_shared_feed_forward_length", 0);
    }
}
