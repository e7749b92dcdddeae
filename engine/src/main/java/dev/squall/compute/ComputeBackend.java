package dev.squall.compute;

import dev.squall.expert.ExpertLease;
import dev.squall.expert.ExpertReader;
import dev.squall.expert.SlotMemory;
import dev.squall.model.RowBatch;
import dev.squall.routing.LayerRouting;

/**
 * Computes a forward pass block by block, in this order: {@link #begin}, then for each layer {@link #attentionBlock} and
 * {@link #expertBlock} or, in a dense layer, {@link #denseBlock}, then {@link #head}. Hidden states and the KV cache
 * stay inside, on whatever device there is; only tokens, router logits and output logits cross. One thread drives a backend.
 *
 * <p>R rows of a batch, E hidden width, J experts, K of them used, V vocabulary. Every row's result is the same bit for
 * bit whichever rows share the batch.
 */
public interface ComputeBackend extends AutoCloseable {

    /** What computes, for people: device, kernels, threads. */
    String description();

    /** The limits that it has, some of which may be lower than what it was made with. */
    BackendOptions options();

    /** Whether it computes experts only from {@link #slots}, never where they lie in the mapped file. */
    boolean needsSlots();

    /**
     * The memory that it computes experts from, as large as its options say; asked for once, before the first pass.
     *
     * @param reader fills the slots, and belongs to them from then on
     */
    SlotMemory slots(ExpertReader reader);

    /** Starts a pass: hidden = the token embeddings of the rows. */
    void begin(RowBatch rows);

    /**
     * hidden += attention(norm(hidden)), with keys and values of the rows written to the cache first; then the router's
     * logits on the normalised hidden state.
     *
     * @param layer the layer's index
     * @param routerLogits R x J, out; a dense layer has no router and leaves them as they are
     */
    void attentionBlock(int layer, float[] routerLogits);

    /**
     * hidden += Σ_k weight_k · expert_k(norm(hidden)), summed from the best expert down, plus the shared expert.
     *
     * @param routing the experts of each row and their weights
     * @param experts the weights of every expert that the routing selects
     */
    void expertBlock(LayerRouting routing, ExpertLease experts);

    /**
     * Copies a row's hidden state as the last block left it, for those who ask routers ahead of their layer.
     *
     * @param row index of the row in the batch
     * @param out E numbers from {@code outOffset}
     */
    void hidden(int row, float[] out, int outOffset);

    /** hidden += network(norm(hidden)), the one network of a dense layer. */
    void denseBlock(int layer);

    /**
     * Output logits of some rows of the pass.
     *
     * @param batchRows indices of the rows in the batch
     * @param logits as many times V as there are indices, out
     */
    void head(int[] batchRows, float[] logits);

    /**
     * The likeliest token after some rows of the pass, of equals the first: what {@link #head}'s logits say, which need not
     * cross for it.
     *
     * @param batchRows indices of the rows in the batch
     * @param vocabularySize V
     * @param scratch as many times V as there are indices, at least
     * @param tokens as many as there are indices, out
     */
    default void likeliest(int[] batchRows, int vocabularySize, float[] scratch, int[] tokens) {
        head(batchRows, scratch);
        for (int i = 0; i < batchRows.length; i++) {
            int from = i * vocabularySize;
            int best = 0;
            for (int token = 1; token < vocabularySize; token++) {
                best = scratch[from + token] > scratch[from + best] ? token : best;
            }
            tokens[i] = best;
        }
    }

    /**
     * Lets one of the threads that compute do something before it goes on, for which another thread would have to be woken.
     * Does not wait.
     *
     * @param errand takes microseconds, mostly, and throws nothing
     * @return false if it is not done, because a thread of its own serves better
     */
    default boolean sendBeside(Runnable errand) {
        return false;
    }

    @Override
    void close();
}
