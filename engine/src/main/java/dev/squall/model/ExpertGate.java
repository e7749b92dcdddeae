package dev.squall.model;

/**
 * How a router selects experts and weighs them.
 *
 * @param scores how logits become scores
 * @param expertCount routed experts of a layer (J)
 * @param usedCount experts used for a token (K)
 * @param renormalises whether the selected scores are divided by their sum
 * @param weightScale what the weights are multiplied by at last
 * @param groupCount groups of neighbouring experts; 1 for none
 * @param groupUsedCount groups that experts are selected from: those with the largest sums of their two best
 */
public record ExpertGate(
        Scores scores,
        int expertCount,
        int usedCount,
        boolean renormalises,
        float weightScale,
        int groupCount,
        int groupUsedCount) {

    /** From logits to scores. */
    public enum Scores {
        /** The softmax over all experts. */
        SOFTMAX,
        /** Each logit's sigmoid. */
        SIGMOID,
        /** The softmax over the selected experts. */
        SELECTED_SOFTMAX
    }
}
