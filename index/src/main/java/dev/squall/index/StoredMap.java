package dev.squall.index;

import dev.squall.predict.MapOrigin;

/**
 * A map as an index holds it.
 *
 * @param id its number, which grows with time
 * @param origin where it comes from
 * @param embedding h numbers at unit length
 * @param probabilities L x J
 */
public record StoredMap(long id, MapOrigin origin, float[] embedding, float[] probabilities) {}
