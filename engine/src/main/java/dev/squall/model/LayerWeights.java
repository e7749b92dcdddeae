package dev.squall.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The weights of one layer. Shapes as rows x columns; E hidden width, H query heads, G key/value heads, D head length,
 * J experts, F expert width.
 *
 * @param attentionNorm E
 * @param query H·D x E
 * @param key G·D x E
 * @param value G·D x E
 * @param queryNorm as {@link QkNorm} says; null for none
 * @param keyNorm as {@link QkNorm} says; null for none
 * @param attentionOutput E x H·D
 * @param feedForwardNorm E
 * @param router J x E
 * @param experts the J routed experts
 */
public record LayerWeights(
        float[] attentionNorm,
        WeightMatrix query,
        WeightMatrix key,
        WeightMatrix value,
        float @Nullable [] queryNorm,
        float @Nullable [] keyNorm,
        WeightMatrix attentionOutput,
        float[] feedForwardNorm,
        WeightMatrix router,
        List<ExpertWeights> experts) {}
