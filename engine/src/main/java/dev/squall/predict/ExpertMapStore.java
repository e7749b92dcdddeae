package dev.squall.predict;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

/**
 * Remembers expert maps and finds those most like what a pass has shown so far (FineMoE, sections 4.2 and 4.3). One
 * thread adds and searches, others may search beside it. When it is full, a new map takes the place of the stored one
 * that is most redundant with it: {@code (d/L) · semantic score + ((L-d)/L) · trajectory score} over whole maps.
 */
public interface ExpertMapStore extends AutoCloseable {

    MapShape shape();

    /** Maps held. */
    long size();

    /** Most maps held. */
    long capacity();

    /** The greatest number of a conversation that a map came from; 0 where there are none. New conversations count on. */
    long lastConversation();

    /**
     * Adds a map, which later searches of this thread find.
     *
     * @throws IllegalArgumentException if its arrays do not have the store's shape or hold what is not finite
     */
    void add(ExpertMap map);

    /** A full store keeps one in so many of the maps that it is offered: to find what gives way takes longer than to add. */
    int KEPT_ONE_IN = 8;

    /**
     * Adds a map as {@link #add} does, as far as that can be done beside the forward pass: a full store keeps one in {@value
     * #KEPT_ONE_IN}, and one that is behind with its work may leave maps out. Later searches of this thread need not
     * find it.
     *
     * @throws IllegalArgumentException as {@link #add}
     */
    void offer(ExpertMap map);

    /**
     * The maps whose embedding is most like this one, by cosine.
     *
     * @param embedding h numbers
     * @param k most matches wanted
     */
    MapMatches nearestByEmbedding(float[] embedding, int k);

    /**
     * What {@link #nearestByEmbedding} finds, without a wait for it: a store that searches for long does so on a thread that
     * gives way to the forward pass. A later call may take the place of one that has not ended, which then never does.
     *
     * @param embedding h numbers, which do not change from then on
     * @param k most matches wanted
     */
    default Future<MapMatches> searchByEmbedding(float[] embedding, int k) {
        return CompletableFuture.completedFuture(nearestByEmbedding(embedding, k));
    }

    /**
     * Of the newest maps with this very embedding, which is a token's, those whose first layers use most of the same
     * experts, these first and of equals the newer ones. None in a store that cannot tell them at once.
     *
     * @param embedding h numbers
     * @param beginning distributions of these layers, a multiple of J numbers
     * @param considered so many of the newest are looked at
     * @param k most matches wanted
     */
    default MapMatches ofEmbedding(float[] embedding, float[] beginning, int considered, int k) {
        return MapMatches.NONE;
    }

    /**
     * The maps whose first layers are most like these: the mean over the layers of the cosines between distributions.
     * Each layer counts the same, where FineMoE's cosine of the concatenation lets layers with a sharp distribution
     * count more; in exchange one inner product with vectors normalised layer by layer serves prefixes of every length.
     *
     * @param probabilities L x J, of which the first {@code layers} rows are read
     * @param layers from 1 to L
     * @param k most matches wanted
     */
    MapMatches nearestByTrajectory(float[] probabilities, int layers, int k);

    /** Makes what was added so far survive a crash; does nothing in a store that lives in memory. */
    void commit();

    /** Writes what a policy has learnt beside the maps. */
    @FunctionalInterface
    interface WeightsWriter {
        void write(DataOutput out) throws IOException;
    }

    /** Reads what a policy had learnt beside the maps. */
    @FunctionalInterface
    interface WeightsReader {
        void read(DataInput in) throws IOException;
    }

    /**
     * Keeps a policy's weights with the maps, in place of those kept before; a store that lives in memory does not.
     *
     * @param kind what they are the weights of: only the same kind is given them back
     */
    default void keepWeights(String kind, WeightsWriter writer) {}

    /** Gives back weights of a kind. Returns false if none are kept. */
    default boolean readWeights(String kind, WeightsReader reader) {
        return false;
    }

    @Override
    void close();
}
