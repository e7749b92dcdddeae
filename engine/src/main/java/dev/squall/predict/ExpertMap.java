package dev.squall.predict;

/**
 * What one pass looked like to the predictor (FineMoE's record): how each layer's router spread over the experts, and the
 * embedding of what was evaluated. The arrays belong to the map: whoever makes one gives them away.
 *
 * @param embedding h numbers, the token embedding, of any length but zero
 * @param probabilities L x J, every row adding up to 1
 * @param origin where it comes from
 */
public record ExpertMap(float[] embedding, float[] probabilities, MapOrigin origin) {}
