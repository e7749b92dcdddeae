package dev.squall.predict;

import dev.squall.expert.CacheCounters;

/**
 * What one pass looked like to the predictor (FineMoE's record): how each layer's router spread over the experts, and the
 * embedding of what was evaluated. The arrays belong to the map: whoever makes one gives them away.
 *
 * @param embedding h numbers, the token embedding, of any length but zero
 * @param probabilities L x J, every row adding up to 1
 * @param continuation what the passes after it used, a {@link Continuation}; empty where that is not known
 * @param origin where it comes from
 */
public record ExpertMap(float[] embedding, float[] probabilities, byte[] continuation, MapOrigin origin) {
    private static final byte[] NOT_KNOWN = {};

    public ExpertMap {
        Continuation.require(continuation, probabilities.length);
    }

    /** The same with how its pass fared. */
    ExpertMap withOutcome(CacheCounters ofPass) {
        return new ExpertMap(embedding, probabilities, continuation, origin.withOutcome(ofPass));
    }

    /** The same of a conversation whose number is greater by so much, for stores that hold conversations of others. */
    public ExpertMap afterConversation(long last) {
        return new ExpertMap(
                embedding, probabilities, continuation, origin.withConversation(last + origin.conversation()));
    }

    /** A map of which no continuation is known. */
    public ExpertMap(float[] embedding, float[] probabilities, MapOrigin origin) {
        this(embedding, probabilities, NOT_KNOWN, origin);
    }
}
