package dev.squall.model;

/** What only some families of models have. A bias that is declared must be in the file. */
public enum Feature {
    /** Biases of the query, key and value projections. */
    QKV_BIAS,
    /** A bias of the projection behind attention. */
    ATTENTION_OUTPUT_BIAS,
    /** A logit for each query head that takes part in the softmax over positions and has no value. */
    ATTENTION_SINKS,
    /** Even layers see only the last {@code attention.sliding_window} positions. */
    ALTERNATING_WINDOW,
    /** Queries are scaled before they are rounded to half precision, instead of their products with the keys. */
    SCALED_QUERIES,
    /** Keys and values are made from one small latent vector per position (DeepSeek-V2, 2024). */
    LATENT_ATTENTION,
    /** Biases of the norms. */
    NORM_BIAS,
    /** The norm before the experts is named {@code post_attention_norm} instead of {@code ffn_norm}. */
    POST_ATTENTION_NORM,
    /** A bias of the router's logits. */
    ROUTER_BIAS,
    /** Biases of each expert's three projections. */
    EXPERT_BIAS,
    /** Experts clamp gate and up at 7 and use {@code gate · sigmoid(1.702 gate) · (up + 1)}. */
    CLAMPED_SWIGLU,
    /** An expert that every token uses, where the file states its width. */
    SHARED_EXPERT,
    /** An expert that every token uses, times a sigmoid of its own. */
    GATED_SHARED_EXPERT,
    /** Factors of the embedding, the attention, the residual branches and the logits. */
    SCALES,
    /** A bias of the output logits. */
    OUTPUT_BIAS
}
