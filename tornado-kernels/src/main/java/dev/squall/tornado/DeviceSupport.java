package dev.squall.tornado;

import dev.squall.gguf.BlockType;
import dev.squall.model.AttentionWeights.Grouped;
import dev.squall.model.Feature;
import dev.squall.model.LayerWeights;
import dev.squall.model.ModelException;
import dev.squall.model.ModelWeights;
import dev.squall.model.WeightMatrix;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** Which models the device backend computes. */
final class DeviceSupport {
    private static final List<Feature> WITHOUT_KERNELS = List.of(
            Feature.LATENT_ATTENTION,
            Feature.ATTENTION_SINKS,
            Feature.ALTERNATING_WINDOW,
            Feature.EXPERT_BIAS,
            Feature.CLAMPED_SWIGLU);

    private DeviceSupport() {}

    /**
     * Refuses a model that there are not all kernels for, before anything is copied.
     *
     * @throws ModelException if it uses such a feature or block type; names the first
     */
    static void require(ModelWeights model) {
        String architecture = model.hyperparameters().architecture().name();
        for (Feature feature : WITHOUT_KERNELS) {
            if (model.hyperparameters().architecture().has(feature)) {
                throw new ModelException("architecture '" + architecture + "': no device kernels for "
                        + feature.name().toLowerCase(Locale.ROOT).replace('_', ' ') + ": use --device cpu");
            }
        }
        for (LayerWeights layer : model.layers()) {
            if (!(layer.attention() instanceof Grouped)) {
                throw new ModelException(
                        "architecture '" + architecture + "': no device kernels for its attention: use --device cpu");
            }
        }
        Set<BlockType> types = EnumSet.noneOf(BlockType.class);
        Stream.concat(
                        Stream.of(model.output().matrix()),
                        model.layers().stream().flatMap(LayerWeights::matrices))
                .map(WeightMatrix::type)
                .forEach(types::add);
        types.removeAll(MatrixProducts.TYPES);
        if (!types.isEmpty()) {
            throw new ModelException("block types " + types + ": no device kernels, expected only "
                    + MatrixProducts.TYPES + ": use --device cpu");
        }
    }
}
