package dev.squall.tornado;

import dev.squall.compute.BackendOptions;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LatentShape;
import dev.squall.model.ModelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The arrays of a pass. R rows at most, E hidden width, H query heads, G key/value heads, K experts used, J experts, F the
 * widest inner width, V vocabulary. The first group stays on the device, the second crosses with every launch that uses it.
 */
final class DeviceArrays {
    /** Work-items that look for the likeliest token, each in its part of the vocabulary. */
    private static final int CHOICES = 1024;

    private static final int SUPER_BLOCK = 256;

    final FloatArray table = DecodingTable.create();
    /** R x E. */
    final FloatArray hidden;
    /** R x E. */
    final FloatArray normed;
    /** R x the widest input of a product. */
    final FloatArray rounded;
    /** What goes with each 256 elements that are rounded together, of whatever array was rounded last. */
    final FloatArray blockHeaders;
    /** R x H·D. */
    final FloatArray queries;
    /** R x G·D. */
    final FloatArray keys;
    /** R x G·D. */
    final FloatArray values;
    /** R·H x the most positions, what attention weighs them by. */
    final FloatArray positionWeights;
    /** R x H·D. */
    final FloatArray attended;
    /** R x E, what a block adds. */
    final FloatArray output;
    /** R x E, what a shared expert gives. */
    final FloatArray shared;
    /** R·K x F. */
    final FloatArray gates;
    /** R·K x F. */
    final FloatArray ups;
    /** R·K x E. */
    final FloatArray outputs;
    /** R x 2·pairs. */
    final FloatArray turns;
    /** R x J. */
    final FloatArray routerLogits;
    /** E, a row's hidden state, then R x J: what crosses after attention, as much of it as the pass has rows. */
    final FloatArray crossing;
    /** One row. */
    final FloatArray row;
    /** V, of which only the likeliest token is asked for. */
    final FloatArray candidates;
    /** The largest logits of {@link #CHOICES} parts of the vocabulary, or as many as it has tokens. */
    final FloatArray bestLogits;
    /** Their tokens. */
    final IntArray bestTokens;

    /** What latent attention needs besides; null without it. */
    final @Nullable LatentArrays latent;

    final FloatArray keyCache;
    /** One element where values are the first elements of the keys. */
    final FloatArray valueCache;

    final IntArray call;
    /** R x E. */
    final FloatArray embedded;
    /** R x 2·pairs. */
    final FloatArray angles;
    /** E, for passes of one row. */
    final FloatArray embeddedRow;
    /** 2·pairs, for passes of one row. */
    final FloatArray anglesOfRow;
    /** R x K. */
    final FloatArray expertWeights;
    /** V. */
    final FloatArray logits;
    /** The likeliest token. */
    final IntArray chosen = new IntArray(1);

    final int rowsMax;
    final int used;

    DeviceArrays(Hyperparameters h, int vocabularySize, int pairs, BackendOptions options) {
        rowsMax = options.rowsMax();
        used = Math.max(1, h.expertUsedCount());
        int width = h.embeddingLength();
        int expertWidth = used * h.expertFeedForwardLength();
        int inner = Math.max(expertWidth, Math.max(h.sharedFeedForwardLength(), h.denseFeedForwardLength()));
        hidden = rows(width);
        normed = rows(width);
        LatentShape shape = h.latent();
        latent = shape == null ? null : LatentArrays.of(h, shape, rowsMax);
        int latentWidth = shape == null ? 0 : Math.max(shape.queryRank(), h.headCount() * shape.valueLength());
        rounded = rows(Math.max(Math.max(width, latentWidth), h.headCount() * h.valueLength()));
        queries = rows(h.headCount() * h.keyLength());
        keys = rows(h.headCountKv() * h.keyLength());
        values = rows(h.headCountKv() * h.valueLength());
        positionWeights = rows(Math.multiplyExact(h.headCount(), options.positionsMax()));
        attended = rows(h.headCount() * h.valueLength());
        output = rows(width);
        shared = rows(width);
        gates = rows(inner);
        ups = rows(inner);
        outputs = rows(used * width);
        int widest = Math.max(Math.max(rounded.getSize(), attended.getSize()), gates.getSize());
        widest = Math.max(widest, latent == null ? 0 : latent.inputs().getSize());
        blockHeaders = new FloatArray(Math.ceilDiv(widest, SUPER_BLOCK) * RoundingKernels.HEADER);
        turns = rows(Math.max(1, 2 * pairs));
        routerLogits = rows(Math.max(1, h.expertCount()));
        crossing = new FloatArray(Math.addExact(width, routerLogits.getSize()));
        row = new FloatArray(width);
        candidates = new FloatArray(vocabularySize);
        int choices = Math.min(CHOICES, vocabularySize);
        bestLogits = new FloatArray(choices);
        bestTokens = new IntArray(choices);
        long vectors = (long) h.blockCount() * options.sequencesMax() * options.positionsMax() * h.headCountKv();
        keyCache = cache(vectors * h.keyLength());
        valueCache = cache(h.keepsValuesInKeys() ? 1 : vectors * h.valueLength());
        call = new IntArray(CallField.COUNT + 3 * rowsMax);
        embedded = rows(width);
        angles = rows(Math.max(1, 2 * pairs));
        embeddedRow = new FloatArray(width);
        anglesOfRow = new FloatArray(Math.max(1, 2 * pairs));
        expertWeights = rows(used);
        logits = new FloatArray(vocabularySize);
    }

    private FloatArray rows(int width) {
        return new FloatArray(Math.multiplyExact(rowsMax, width));
    }

    private static FloatArray cache(long elements) {
        if (elements * Float.BYTES > DeviceWeights.BUFFER_BYTES_MAX) {
            throw new ModelException(
                    "KV cache: " + elements * Float.BYTES + " bytes of keys or values, expected at most "
                            + DeviceWeights.BUFFER_BYTES_MAX + ", one buffer of a device: give a smaller --ctx-size");
        }
        return new FloatArray((int) elements);
    }

    /** What a pass computes with, beside weights, keys and values. */
    List<TornadoNativeArray> scratch() {
        List<TornadoNativeArray> all = new ArrayList<>(List.of(
                table,
                hidden,
                normed,
                rounded,
                blockHeaders,
                queries,
                keys,
                values,
                positionWeights,
                attended,
                output,
                shared,
                gates,
                ups,
                outputs,
                turns,
                routerLogits,
                crossing,
                row,
                candidates,
                bestLogits,
                bestTokens));
        if (latent != null) {
            all.addAll(latent.all());
        }
        return all;
    }

    /** Bytes of keys and values. */
    long cacheBytes() {
        return bytes(keyCache, valueCache);
    }

    /** Bytes of what else stays. */
    long scratchBytes() {
        return bytes(scratch().toArray(TornadoNativeArray[]::new));
    }

    /** Bytes of what crosses, of which each of so many graphs has its own copies. */
    long crossingBytes(int graphs) {
        return graphs * bytes(call, expertWeights) + bytes(embedded, angles, embeddedRow, anglesOfRow, logits, chosen);
    }

    private static long bytes(TornadoNativeArray... arrays) {
        return Arrays.stream(arrays)
                .mapToLong(TornadoNativeArray::getNumBytesOfSegment)
                .sum();
    }
}
