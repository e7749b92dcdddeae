package dev.squall.model;

/**
 * Constant factors of the forward pass; 1 where a family has none.
 *
 * @param embedding of the token embedding
 * @param attention of the products of queries and keys
 * @param residual of what a block adds to the hidden state
 * @param logits of the output
 */
public record Scales(float embedding, float attention, float residual, float logits) {}
