package dev.squall.model;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What distinguishes one family of models from another, as data that the one forward pass reads. The facts that a file
 * states itself (sizes, scales, the RoPE base) are in {@link Hyperparameters}; these are the ones it does not state.
 *
 * @param name the value of {@code general.architecture} and the prefix of its keys
 * @param ropePairs the elements that RoPE turns together
 * @param qkNorm the norm of queries and keys
 * @param renormalisesExpertWeights whether the selected experts' probabilities are divided by their sum
 */
public record Architecture(String name, RopePairs ropePairs, QkNorm qkNorm, boolean renormalisesExpertWeights) {

    private static final List<Architecture> KNOWN =
            List.of(new Architecture("qwen3moe", RopePairs.HALVES, QkNorm.PER_HEAD, true));

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
}
