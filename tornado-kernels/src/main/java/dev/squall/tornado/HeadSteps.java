package dev.squall.tornado;

import dev.squall.model.AttentionWeights.Absorbed;
import dev.squall.model.AttentionWeights.Expanded;
import dev.squall.model.AttentionWeights.Grouped;
import dev.squall.model.AttentionWeights.Latent;
import dev.squall.model.AttentionWeights.LatentQuery;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LatentShape;
import dev.squall.model.WeightMatrix;
import dev.squall.tornado.GraphSteps.Part;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Adds attention to a graph, from the normalised hidden state to the heads' values, which the output projection takes. H
 * heads, C latent width, N key elements that are not rotated, P rotated ones, D value length.
 */
final class HeadSteps {
    private final Hyperparameters h;
    private final DeviceArrays a;
    private final GraphSteps steps;
    private final AttentionSteps attention;
    private final int width;

    HeadSteps(Hyperparameters h, DeviceArrays arrays, GraphSteps steps, AttentionSteps attention) {
        this.h = h;
        a = arrays;
        this.steps = steps;
        this.attention = attention;
        width = h.embeddingLength();
    }

    /** Heads that share key/value heads in groups; gives where their values are. */
    FloatArray grouped(DeviceGraph graph, Grouped heads) {
        WeightMatrix query = heads.query().matrix();
        WeightMatrix key = heads.key().matrix();
        WeightMatrix value = heads.value().matrix();
        FloatArray input = round(graph, "round", query);
        steps.project(graph, "query", heads.query(), input, a.queries, CallField.QUERY);
        input = GraphSteps.samePrecision(query, key) ? input : round(graph, "roundKey", key);
        steps.project(graph, "key", heads.key(), input, a.keys, CallField.KEY);
        input = GraphSteps.samePrecision(key, value) ? input : round(graph, "roundValue", value);
        steps.project(graph, "value", heads.value(), input, a.values, CallField.VALUE);
        steps.normaliseHeads(graph, "queryNorm", heads.queryNorm(), a.queries, CallField.QUERY_NORM);
        steps.normaliseHeads(graph, "keyNorm", heads.keyNorm(), a.keys, CallField.KEY_NORM);
        attention.rotateQueries(graph);
        attention.rotateKeys(graph);
        attention.storeKeys(graph, a.keys);
        attention.storeValues(graph);
        attention.attend(graph);
        return a.attended;
    }

    /** The rows for products with a matrix. */
    private FloatArray round(DeviceGraph graph, String id, WeightMatrix matrix) {
        return steps.round(graph, id, matrix, a.normed, a.rounded, width, 1);
    }

    /** Heads whose keys and values come from a latent vector; gives where their values are. */
    FloatArray latent(DeviceGraph graph, Latent heads, LatentShape shape, LatentArrays own) {
        int rotated = h.rope().dimensionCount();
        int plain = shape.keyLength() - rotated;
        FloatArray queries = shape.absorbed() ? own.plainQueries() : a.queries;
        latentQuery(graph, heads, own, queries);
        steps.normaliseFirst(graph, "latentNorm", heads.latentNorm(), own.latents(), CallField.LATENT_NORM);
        attention.turn(graph, "turnQueries", queries, h.headCount(), shape.keyLength(), plain);
        attention.turn(graph, "turnKeys", own.latents(), 1, shape.rank() + rotated, shape.rank());
        return switch (heads.expansion()) {
            case Absorbed absorbed -> absorb(graph, absorbed, shape, own);
            case Expanded expanded -> expand(graph, expanded, shape, own);
        };
    }

    private void latentQuery(DeviceGraph graph, Latent heads, LatentArrays own, FloatArray queries) {
        LatentQuery down = heads.queryDown();
        WeightMatrix first = down == null ? heads.query() : down.matrix();
        FloatArray input = round(graph, "round", first);
        if (down == null) {
            steps.one(graph, "query", heads.query(), input, queries, CallField.QUERY);
        } else {
            steps.one(graph, "latentQuery", down.matrix(), input, own.latentQueries(), CallField.LATENT_QUERY);
        }
        input = GraphSteps.samePrecision(first, heads.latent()) ? input : round(graph, "roundLatent", heads.latent());
        steps.one(graph, "latent", heads.latent(), input, own.latents(), CallField.LATENT);
        if (down != null) {
            steps.normaliseFirst(
                    graph, "latentQueryNorm", down.norm(), own.latentQueries(), CallField.LATENT_QUERY_NORM);
            int rank = down.matrix().rows();
            input = steps.round(graph, "roundQuery", heads.query(), own.latentQueries(), a.rounded, rank, 1);
            steps.one(graph, "query", heads.query(), input, queries, CallField.QUERY);
        }
    }

    /** Queries go into the latent space, where all heads share the latent vector as key and value. */
    private FloatArray absorb(DeviceGraph graph, Absorbed weights, LatentShape shape, LatentArrays own) {
        int heads = h.headCount();
        int rotated = h.rope().dimensionCount();
        int length = shape.keyLength();
        int plain = length - rotated;
        int rank = shape.rank();
        steps.copyParts(
                graph,
                "plainQueries",
                heads,
                1,
                new Part(own.plainQueries(), length, 0),
                new Part(own.inputs(), plain, 0),
                plain);
        FloatArray input =
                steps.round(graph, "roundHeads", weights.keys().getFirst(), own.inputs(), own.inputs(), plain, heads);
        steps.each(graph, "headKeys", weights.keys(), input, own.products(), CallField.HEAD_KEYS);
        steps.copyParts(
                graph,
                "latentPart",
                heads,
                1,
                new Part(own.products(), rank, 0),
                new Part(a.queries, rank + rotated, 0),
                rank);
        steps.copyParts(
                graph,
                "rotatedPart",
                heads,
                1,
                new Part(own.plainQueries(), length, plain),
                new Part(a.queries, rank + rotated, rank),
                rotated);
        steps.roundToHalf(graph, "halveQueries", a.queries);
        attention.storeKeys(graph, own.latents());
        attention.attend(graph);
        input = steps.round(graph, "roundValues", weights.values().getFirst(), a.attended, a.attended, rank, heads);
        steps.each(graph, "headValues", weights.values(), input, own.products(), CallField.HEAD_VALUES);
        return own.products();
    }

    /** Every head has keys and values of its own; the rotated elements of the keys are the same for all. */
    private FloatArray expand(DeviceGraph graph, Expanded weights, LatentShape shape, LatentArrays own) {
        int heads = h.headCount();
        int rotated = h.rope().dimensionCount();
        int plain = shape.keyLength() - rotated;
        int values = shape.valueLength();
        int rank = shape.rank();
        WeightMatrix matrix = weights.keysAndValues();
        Part latents = new Part(own.latents(), rank + rotated, 0);
        steps.copyParts(graph, "latents", 1, 1, latents, new Part(own.inputs(), rank, 0), rank);
        FloatArray input = steps.round(graph, "roundLatents", matrix, own.inputs(), own.inputs(), rank, 1);
        steps.one(graph, "expand", matrix, input, own.products(), CallField.HEAD_KEYS);
        steps.copyParts(
                graph,
                "plainKeys",
                heads,
                1,
                new Part(own.products(), plain + values, 0),
                new Part(a.keys, shape.keyLength(), 0),
                plain);
        steps.copyParts(
                graph,
                "rotatedKeys",
                heads,
                heads,
                new Part(own.latents(), rank + rotated, rank),
                new Part(a.keys, shape.keyLength(), plain),
                rotated);
        steps.copyParts(
                graph,
                "values",
                heads,
                1,
                new Part(own.products(), plain + values, plain),
                new Part(a.values, values, 0),
                values);
        steps.roundToHalf(graph, "halveQueries", a.queries);
        attention.storeKeys(graph, a.keys);
        attention.storeValues(graph);
        attention.attend(graph);
        return a.attended;
    }
}
