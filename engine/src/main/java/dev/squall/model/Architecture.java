package dev.squall.model;

import static dev.squall.model.ExpertGate.Scores.SELECTED_SOFTMAX;
import static dev.squall.model.ExpertGate.Scores.SOFTMAX;
import static dev.squall.model.Feature.ALTERNATING_WINDOW;
import static dev.squall.model.Feature.ATTENTION_OUTPUT_BIAS;
import static dev.squall.model.Feature.ATTENTION_SINKS;
import static dev.squall.model.Feature.CLAMPED_SWIGLU;
import static dev.squall.model.Feature.EXPERT_BIAS;
import static dev.squall.model.Feature.GATED_SHARED_EXPERT;
import static dev.squall.model.Feature.LATENT_ATTENTION;
import static dev.squall.model.Feature.NORM_BIAS;
import static dev.squall.model.Feature.OUTPUT_BIAS;
import static dev.squall.model.Feature.POST_ATTENTION_NORM;
import static dev.squall.model.Feature.QKV_BIAS;
import static dev.squall.model.Feature.ROUTER_BIAS;
import static dev.squall.model.Feature.SCALED_QUERIES;
import static dev.squall.model.Feature.SCALES;
import static dev.squall.model.Feature.SHARED_EXPERT;
import static dev.squall.model.QkNorm.NONE;
import static dev.squall.model.QkNorm.PER_HEAD;
import static dev.squall.model.QkNorm.WHOLE;
import static dev.squall.model.RopePairs.ADJACENT;
import static dev.squall.model.RopePairs.HALVES;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What distinguishes one family of models from another, as data that the one forward pass reads. The facts that a file
 * states itself (sizes, scales, the RoPE base) are in {@link Hyperparameters}; these are the ones it does not state.
 *
 * @param name the value of {@code general.architecture} and the prefix of its keys
 * @param ropePairs the elements that RoPE turns together
 * @param qkNorm the norm of queries and keys
 * @param scores how router logits become expert weights, unless the file has {@code expert_gating_func}
 * @param renormalisesExpertWeights whether the selected experts' scores are divided by their sum, unless the file has
 *     {@code expert_weights_norm}
 * @param features what the family has beside that
 */
public record Architecture(
        String name,
        RopePairs ropePairs,
        QkNorm qkNorm,
        ExpertGate.Scores scores,
        boolean renormalisesExpertWeights,
        Set<Feature> features) {

    private static final List<Architecture> KNOWN = List.of(
            // Mixtral
            new Architecture("llama", ADJACENT, NONE, SOFTMAX, true, Set.of()),
            new Architecture("qwen2moe", HALVES, NONE, SOFTMAX, false, Set.of(QKV_BIAS, GATED_SHARED_EXPERT)),
            new Architecture("qwen3moe", HALVES, PER_HEAD, SOFTMAX, true, Set.of()),
            new Architecture("olmoe", HALVES, WHOLE, SOFTMAX, false, Set.of()),
            // Its makers use a layer norm and sparse mixing; as llama.cpp, so that the same file gives the same text.
            new Architecture(
                    "phimoe",
                    HALVES,
                    NONE,
                    SOFTMAX,
                    true,
                    Set.of(QKV_BIAS, ATTENTION_OUTPUT_BIAS, NORM_BIAS, OUTPUT_BIAS, SCALED_QUERIES)),
            new Architecture("granitemoe", ADJACENT, NONE, SOFTMAX, true, Set.of(SCALES, SHARED_EXPERT)),
            new Architecture(
                    "gpt-oss",
                    HALVES,
                    NONE,
                    SELECTED_SOFTMAX,
                    false,
                    Set.of(
                            QKV_BIAS,
                            ATTENTION_OUTPUT_BIAS,
                            ATTENTION_SINKS,
                            ALTERNATING_WINDOW,
                            POST_ATTENTION_NORM,
                            ROUTER_BIAS,
                            EXPERT_BIAS,
                            CLAMPED_SWIGLU)),
            new Architecture("deepseek2", ADJACENT, NONE, SOFTMAX, false, Set.of(LATENT_ATTENTION, SHARED_EXPERT)));

    public Architecture {
        features = Set.copyOf(features);
    }

    /**
     * The architecture of that name.
     *
     * @throws ModelException if it is not known
     */
    public static Architecture named(String name, String source) {
        return KNOWN.stream()
                .filter(known -> known.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new ModelException("general.architecture: '" + name + "' is not supported, expected "
                        + KNOWN.stream().map(Architecture::name).collect(Collectors.joining(", ")) + " in " + source));
    }

    /** Whether the family has it. */
    public boolean has(Feature feature) {
        return features.contains(feature);
    }
}
