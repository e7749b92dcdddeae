package dev.squall.model;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The weights of one layer's attention. E hidden width, H query heads, G key/value heads, D head length. */
public sealed interface AttentionWeights {
    /** From the heads' values back to the hidden state: E x H·D. */
    Projection output();

    /** H logits that take part in the softmax over positions; null for none. */
    float @Nullable [] sinks();

    /** Every matrix. */
    Stream<WeightMatrix> matrices();

    /**
     * Attention whose query heads share key/value heads in groups.
     *
     * @param query H·D x E
     * @param key G·D x E
     * @param value G·D x E
     * @param queryNorm as {@link QkNorm} says; null for none
     * @param keyNorm as {@link QkNorm} says; null for none
     */
    record Grouped(
            Projection query,
            Projection key,
            Projection value,
            float @Nullable [] queryNorm,
            float @Nullable [] keyNorm,
            float @Nullable [] sinks,
            Projection output)
            implements AttentionWeights {
        @Override
        public Stream<WeightMatrix> matrices() {
            return Stream.of(query, key, value, output).map(Projection::matrix);
        }
    }

    /**
     * Multi-head latent attention. C latent width, N key elements that are not rotated, P rotated ones, D value length.
     *
     * @param queryDown from the hidden state to the latent query; null if queries are projected at once
     * @param query H·(N + P) x latent query, or x E
     * @param latent C + P x E: the latent vector, then the rotated key
     * @param latentNorm C
     * @param expansion how latent vectors become keys and values
     */
    record Latent(
            @Nullable LatentQuery queryDown,
            WeightMatrix query,
            WeightMatrix latent,
            NormWeights latentNorm,
            Expansion expansion,
            Projection output)
            implements AttentionWeights {
        @Override
        public float @Nullable [] sinks() {
            return null;
        }

        @Override
        public Stream<WeightMatrix> matrices() {
            Stream<WeightMatrix> down = Stream.ofNullable(queryDown).map(LatentQuery::matrix);
            Stream<WeightMatrix> own = Stream.of(query, latent, output.matrix());
            return Stream.of(down, own, expansion.matrices()).flatMap(all -> all);
        }
    }

    /**
     * Queries by way of a smaller vector.
     *
     * @param matrix latent query x E
     * @param norm of the latent query
     */
    record LatentQuery(WeightMatrix matrix, NormWeights norm) {}

    /** From latent vectors to heads. */
    sealed interface Expansion {
        /** Every matrix. */
        Stream<WeightMatrix> matrices();
    }

    /**
     * Queries go into the latent space and what attention gives comes back from it.
     *
     * @param keys for each head C x N, applied to the query
     * @param values for each head D x C
     */
    record Absorbed(List<WeightMatrix> keys, List<WeightMatrix> values) implements Expansion {
        @Override
        public Stream<WeightMatrix> matrices() {
            return Stream.concat(keys.stream(), values.stream());
        }
    }

    /**
     * Keys and values of every head are made.
     *
     * @param keysAndValues H·(N + D) x C, each head's N key rows before its D value rows
     */
    record Expanded(WeightMatrix keysAndValues) implements Expansion {
        @Override
        public Stream<WeightMatrix> matrices() {
            return Stream.of(keysAndValues);
        }
    }
}
