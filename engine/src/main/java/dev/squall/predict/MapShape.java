package dev.squall.predict;

/**
 * The dimensions of a model's expert maps. Dense layers are not counted: layer 0 is the first with a router.
 *
 * @param layerCount L, layers with a router
 * @param expertCount J, routed experts of a layer
 * @param usedCount K, experts used by a token
 * @param embeddingLength h, the length of a token embedding
 */
public record MapShape(int layerCount, int expertCount, int usedCount, int embeddingLength) {
    public MapShape {
        if (layerCount < 1 || expertCount < 1 || usedCount < 1 || usedCount > expertCount || embeddingLength < 1) {
            throw new IllegalArgumentException("expert maps of " + layerCount + " layers, " + expertCount
                    + " experts, " + usedCount + " used, embeddings of " + embeddingLength
                    + ", expected at least 1 of each and no more used than there are");
        }
    }

    @Override
    public String toString() {
        return layerCount + " layers of " + expertCount + " experts, " + usedCount + " used, embeddings of "
                + embeddingLength;
    }

    /** L · J, probabilities of a whole map. */
    public int probabilityCount() {
        return Math.multiplyExact(layerCount, expertCount);
    }
}
