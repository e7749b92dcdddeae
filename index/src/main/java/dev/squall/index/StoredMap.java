package dev.squall.index;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapOrigin;

/**
 * A map as an index holds it.
 *
 * @param id its number, which grows with time
 * @param origin where it comes from
 * @param embedding h numbers at unit length
 * @param probabilities L x J
 * @param continuation what followed it; empty if that is not known
 */
public record StoredMap(long id, MapOrigin origin, float[] embedding, float[] probabilities, byte[] continuation) {
    /** The map to be stored elsewhere, under another number. */
    public ExpertMap map() {
        return new ExpertMap(embedding, probabilities, continuation, origin);
    }
}
