package dev.squall.tornado;

import dev.squall.model.Hyperparameters;
import dev.squall.model.LatentShape;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The arrays of latent attention that stay on the device. R rows at most, H heads, C latent width, N key elements that are
 * not rotated, P rotated ones, D value length.
 *
 * @param latentQueries R x latent query
 * @param plainQueries R x H·(N + P), as they are before they go into the latent space
 * @param latents R x C + P
 * @param inputs R x H·N or, where keys and values of every head are made, R x C
 * @param products R x H·C, later R x H·D or, where keys and values of every head are made, R x H·(N + D)
 */
record LatentArrays(
        FloatArray latentQueries, FloatArray plainQueries, FloatArray latents, FloatArray inputs, FloatArray products) {

    static LatentArrays of(Hyperparameters h, LatentShape shape, int rowsMax) {
        int rotated = h.rope().dimensionCount();
        int plain = shape.keyLength() - rotated;
        int heads = h.headCount();
        boolean absorbed = shape.absorbed();
        return new LatentArrays(
                rows(rowsMax, Math.max(1, shape.queryRank())),
                rows(rowsMax, absorbed ? heads * shape.keyLength() : 1),
                rows(rowsMax, shape.rank() + rotated),
                rows(rowsMax, absorbed ? heads * plain : shape.rank()),
                rows(
                        rowsMax,
                        heads
                                * (absorbed
                                        ? Math.max(shape.rank(), shape.valueLength())
                                        : plain + shape.valueLength())));
    }

    private static FloatArray rows(int rowsMax, int width) {
        return new FloatArray(Math.multiplyExact(rowsMax, width));
    }

    List<TornadoNativeArray> all() {
        return List.of(latentQueries, plainQueries, latents, inputs, products);
    }
}
