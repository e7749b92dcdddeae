package dev.squall.tornado;

import dev.squall.compute.Rotation;
import dev.squall.model.AttentionWeights.Grouped;
import dev.squall.model.ExpertWeights;
import dev.squall.model.LayerWeights;
import dev.squall.model.MixtureWeights;
import dev.squall.model.ModelWeights;
import dev.squall.model.Projection;
import dev.squall.model.WeightMatrix;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** All graphs of a model: those of a pass, one for all layers of the same types, and those of uploads. */
final class PassGraphs {
    /** Indices in the plan of a pass. */
    static final int BEGIN = 1;

    static final int HEAD = 2;
    static final int CHOICE = 3;
    static final int BEGIN_ROW = 4;

    private final GridScheduler grids = new GridScheduler();
    private final List<DeviceGraph> ofPass = new ArrayList<>();
    private final List<DeviceGraph> ofUploads = new ArrayList<>();
    private final Map<List<Object>, Integer> graphOfTypes = new HashMap<>();
    private final int[] attention;
    private final int[] feedForward;
    private final ByteArray staging;
    private final IntArray target = new IntArray(2);

    PassGraphs(
            ModelWeights model,
            DeviceWeights weights,
            DeviceArrays arrays,
            SlotPools slots,
            Rotation rotation,
            GroupSizes sizes,
            int positionsMax) {
        LayerGraphs builder = new LayerGraphs(model, weights, arrays, slots, rotation, sizes, grids, positionsMax);
        DeviceGraph init = builder.init();
        ofPass.add(init);
        ofPass.add(builder.begin("begin", arrays.embedded, arrays.angles));
        ofPass.add(builder.head(model.outputNorm(), model.output()));
        ofPass.add(builder.choice(model.outputNorm(), model.output()));
        ofPass.add(builder.begin("beginRow", arrays.embeddedRow, arrays.anglesOfRow));
        int layers = model.layers().size();
        attention = new int[layers];
        feedForward = new int[layers];
        for (int layer = 0; layer < layers; layer++) {
            LayerWeights layerWeights = model.layers().get(layer);
            String number = "" + ofPass.size();
            attention[layer] =
                    shared(attentionTypes(layerWeights), () -> builder.attention("attention" + number, layerWeights));
            feedForward[layer] = shared(
                    feedForwardTypes(layerWeights), () -> feedForward(builder, "feedForward" + number, layerWeights));
        }
        staging = new ByteArray(slots.slotBytes());
        ofUploads.add(init);
        for (int pool = 0; pool < slots.poolCount(); pool++) {
            ofUploads.add(builder.upload(pool, staging, target));
        }
    }

    /** How many graphs the layers of a model have, for those who must know before they are made. */
    static int kinds(ModelWeights model) {
        return (int) model.layers().stream()
                .flatMap(layer -> List.of(attentionTypes(layer), feedForwardTypes(layer)).stream())
                .distinct()
                .count();
    }

    private int shared(List<Object> types, Supplier<DeviceGraph> graph) {
        Integer known = graphOfTypes.get(types);
        if (known == null) {
            known = ofPass.size();
            ofPass.add(graph.get());
            graphOfTypes.put(types, known);
        }
        return known;
    }

    private static DeviceGraph feedForward(LayerGraphs builder, String name, LayerWeights layer) {
        return switch (layer.feedForward()) {
            case MixtureWeights mixture ->
                builder.experts(name, mixture, mixture.experts().getFirst());
            case ExpertWeights dense -> builder.dense(name, dense);
        };
    }

    private static List<Object> attentionTypes(LayerWeights layer) {
        List<Object> types = new ArrayList<>(List.of("attention"));
        layer.attention().matrices().map(WeightMatrix::type).forEach(types::add);
        if (layer.attention() instanceof Grouped heads) {
            for (Projection projection : List.of(heads.query(), heads.key(), heads.value())) {
                types.add(projection.bias() != null);
            }
        }
        types.add(layer.attention().output().bias() != null);
        types.add(layer.attentionNorm().bias() != null);
        types.add(layer.feedForwardNorm().bias() != null);
        if (layer.feedForward() instanceof MixtureWeights mixture) {
            types.add(mixture.router().matrix().type());
            types.add(mixture.router().bias() != null);
        }
        return types;
    }

    private static List<Object> feedForwardTypes(LayerWeights layer) {
        List<Object> types = new ArrayList<>();
        switch (layer.feedForward()) {
            case ExpertWeights dense -> {
                types.add("dense");
                dense.matrices().map(WeightMatrix::type).forEach(types::add);
            }
            case MixtureWeights mixture -> {
                types.add("experts");
                mixture.experts().getFirst().matrices().map(WeightMatrix::type).forEach(types::add);
                ExpertWeights shared = mixture.shared();
                if (shared != null) {
                    types.add(mixture.sharedGate() != null);
                    shared.matrices().map(WeightMatrix::type).forEach(types::add);
                }
            }
        }
        return types;
    }

    /** The grids of all graphs. */
    GridScheduler grids() {
        return grids;
    }

    /** The graphs of a pass, that which brings everything to the device first. */
    List<DeviceGraph> ofPass() {
        return ofPass;
    }

    /** The same first graph, then one for each pool of slots. */
    List<DeviceGraph> ofUploads() {
        return ofUploads;
    }

    int attention(int layer) {
        return attention[layer];
    }

    int feedForward(int layer) {
        return feedForward[layer];
    }

    /** The array that an expert comes to the device in. */
    ByteArray staging() {
        return staging;
    }

    /** The byte of its pool that a slot begins at, and the bytes to copy. */
    IntArray target() {
        return target;
    }
}
