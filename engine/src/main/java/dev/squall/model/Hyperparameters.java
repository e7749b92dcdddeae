package dev.squall.model;

import dev.squall.gguf.GgufFile;
import org.jspecify.annotations.Nullable;

/**
 * The numbers that shape a model, read from a file's {@code {arch}.*} keys and checked for sense.
 *
 * @param architecture the family
 * @param blockCount layers (L)
 * @param denseBlockCount how many of the first layers have one network instead of experts
 * @param embeddingLength width of the hidden state
 * @param contextLength positions the model was trained for
 * @param headCount query heads
 * @param headCountKv key/value heads; divides {@code headCount}
 * @param keyLength elements of a query or key head as attention and cache see them
 * @param valueLength elements of a value head as attention and cache see them
 * @param latent the sizes of latent attention; null where attention is grouped
 * @param slidingWindow the last positions that the layers with a window see; 0 for no window
 * @param rope how positions are embedded
 * @param scales constant factors
 * @param normEpsilon added to the mean square under the root
 * @param gate how experts are selected
 * @param expertFeedForwardLength inner width of an expert
 * @param sharedFeedForwardLength inner width of the shared expert; 0 for none
 * @param denseFeedForwardLength inner width of a dense layer's network; 0 without dense layers
 */
public record Hyperparameters(
        Architecture architecture,
        int blockCount,
        int denseBlockCount,
        int embeddingLength,
        int contextLength,
        int headCount,
        int headCountKv,
        int keyLength,
        int valueLength,
        @Nullable LatentShape latent,
        int slidingWindow,
        Rope rope,
        Scales scales,
        float normEpsilon,
        ExpertGate gate,
        int expertFeedForwardLength,
        int sharedFeedForwardLength,
        int denseFeedForwardLength) {

    /**
     * Reads them from a file.
     *
     * @throws ModelException if the architecture is not known, the model has no experts, or a key makes no sense
     */
    public static Hyperparameters of(GgufFile file) {
        return HyperparameterReader.read(file);
    }

    /** Routed experts of a layer (J). */
    public int expertCount() {
        return gate.expertCount();
    }

    /** Experts used for a token (K). */
    public int expertUsedCount() {
        return gate.usedCount();
    }

    /** Layers with routed experts (L). */
    public int expertLayerCount() {
        return blockCount - denseBlockCount;
    }

    /** Whether a layer has one network for all tokens instead of experts. */
    public boolean isDense(int layer) {
        return layer < denseBlockCount;
    }

    /** Whether a position's values are the first elements of its key, so that they are kept once. */
    public boolean keepsValuesInKeys() {
        return latent != null && latent.absorbed();
    }

    /** What the keys and values of one position take in all layers, as half-precision floats. */
    public long cacheBytesPerPosition() {
        long elements = keyLength + (keepsValuesInKeys() ? 0L : valueLength);
        return 2 * elements * headCountKv * blockCount;
    }

    /** The first position that a layer sees from a position. */
    public int firstVisible(int layer, int position) {
        return slidingWindow > 0 && layer % 2 == 0 ? Math.max(0, position - slidingWindow + 1) : 0;
    }
}
