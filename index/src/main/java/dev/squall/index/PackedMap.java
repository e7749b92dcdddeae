package dev.squall.index;

import dev.squall.predict.Continuation;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;

/**
 * An expert map in half precision, as an index keeps it and as {@code squall index export} writes it. The arrays belong to
 * the map.
 *
 * @param embedding h halves, little endian, at unit length
 * @param probabilities L x J halves, little endian
 * @param continuation what followed it; empty if that is not known
 * @param origin where it comes from
 */
public record PackedMap(byte[] embedding, byte[] probabilities, byte[] continuation, MapOrigin origin) {
    /** Twice what rounding to halves changes the length of a vector of unit length by, at most. */
    private static final float HALVES_OFF = 0x1p-10f;

    /**
     * Packs a map.
     *
     * @throws IllegalArgumentException if its arrays do not have the shape, the embedding or a layer is zero, or a number is
     *     not finite in half precision
     */
    public static PackedMap of(MapShape shape, ExpertMap map) {
        // For what they require of the numbers.
        float[] unit = MapVectors.unitEmbedding(shape, map.embedding());
        MapVectors.directions(shape, map.probabilities(), shape.layerCount());
        return new PackedMap(
                unitHalves(map.embedding(), unit),
                HalfFloats.encode(map.probabilities()),
                map.continuation(),
                map.origin());
    }

    /**
     * The map of halves, little endian, the embedding of which may have any length.
     *
     * @throws IllegalArgumentException as {@link #of} does, and if a probability is not between 0 and {@code most}
     */
    public static PackedMap ofHalves(
            MapShape shape, byte[] embedding, byte[] probabilities, float most, byte[] continuation, MapOrigin origin) {
        Continuation.require(continuation, shape.probabilityCount());
        if (embedding.length != 2 * shape.embeddingLength() || probabilities.length != 2 * shape.probabilityCount()) {
            throw new IllegalArgumentException("a map of " + embedding.length + " and " + probabilities.length
                    + " bytes, expected " + 2 * shape.embeddingLength() + " and " + 2 * shape.probabilityCount());
        }
        float[] numbers = HalfFloats.decoded(probabilities);
        for (int from = 0; from < numbers.length; from += shape.expertCount()) {
            float least = numbers[from];
            float greatest = numbers[from];
            for (int i = from; i < from + shape.expertCount(); i++) {
                least = Math.min(least, numbers[i]);
                greatest = Math.max(greatest, numbers[i]);
            }
            if (!(least >= 0 && greatest > 0 && greatest <= most)) {
                throw new IllegalArgumentException("layer " + from / shape.expertCount() + " of a map has numbers from "
                        + least + " to " + greatest + ", expected them from 0 to " + most + ", some above 0");
            }
        }
        float[] given = HalfFloats.decoded(embedding);
        boolean isUnit = isUnit(given);
        return new PackedMap(
                isUnit ? embedding : HalfFloats.encode(MapVectors.unitEmbedding(shape, given)),
                probabilities,
                continuation,
                origin);
    }

    /** The map in single precision. */
    public ExpertMap unpacked() {
        return new ExpertMap(HalfFloats.decoded(embedding), HalfFloats.decoded(probabilities), continuation, origin);
    }

    /** The same of another conversation. */
    PackedMap withConversation(long number) {
        return new PackedMap(embedding, probabilities, continuation, origin.withConversation(number));
    }

    /**
     * The embedding at unit length, in half precision. One that comes from an index has that length but for its rounding
     * and stays as it is, so that what export wrote and import reads is the same map.
     */
    static byte[] unitHalves(float[] embedding, float[] unit) {
        return HalfFloats.encode(isUnit(embedding) ? embedding : unit);
    }

    private static boolean isUnit(float[] embedding) {
        return Math.abs(MapVectors.length(embedding, 0, embedding.length) - 1) < HALVES_OFF;
    }
}
