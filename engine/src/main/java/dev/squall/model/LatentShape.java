package dev.squall.model;

/**
 * Sizes of multi-head latent attention. Each position has one latent vector, which becomes the keys and values of all
 * heads, and one rotated key that all heads share.
 *
 * @param queryRank width of the latent query; 0 if queries are projected at once
 * @param rank width of the latent vector (kv_lora_rank)
 * @param keyLength elements of a head's query and key, the rotated ones last
 * @param valueLength elements of a head's value
 * @param absorbed whether queries are taken into the latent space, so that the cache keeps latent vectors only; otherwise
 *     (older files) keys and values of every head are made and kept
 */
public record LatentShape(int queryRank, int rank, int keyLength, int valueLength, boolean absorbed) {}
