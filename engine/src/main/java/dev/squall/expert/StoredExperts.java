package dev.squall.expert;

import dev.squall.gguf.GgufFile;
import dev.squall.gguf.TensorLocation;
import dev.squall.model.ExpertWeights;
import dev.squall.model.ModelWeights;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the experts of a model lie: views of the mapped file and, for direct reads, files and offsets. One expert is
 * three distant slices, a matrix each of gate, up and down tensors.
 *
 * @param layers for each layer its experts; empty for a layer without
 */
public record StoredExperts(List<List<StoredExpert>> layers) {

    /**
     * One expert.
     *
     * @param mapped its weights as views of the mapped file
     * @param slices where gate, up and down begin in their files
     */
    public record StoredExpert(ExpertWeights mapped, List<Slice> slices) {}

    /** One matrix of an expert in a file. */
    public record Slice(TensorLocation tensor, long offset, WeightMatrix mapped) {
        long bytes() {
            return mapped.data().byteSize();
        }

        /** The same matrix with its bytes elsewhere. */
        WeightMatrix at(MemorySegment data) {
            return new WeightMatrix(mapped.type(), data, mapped.rows(), mapped.columns());
        }
    }

    public StoredExperts {
        layers = layers.stream().map(List::copyOf).toList();
    }

    /** Finds every expert of the model in its file. */
    public static StoredExperts of(GgufFile file, ModelWeights model) {
        List<List<StoredExpert>> layers = new ArrayList<>();
        for (int layer = 0; layer < model.layers().size(); layer++) {
            List<StoredExpert> stored = new ArrayList<>();
            List<ExpertWeights> mapped = model.layers().get(layer).experts();
            for (int expert = 0; expert < mapped.size(); expert++) {
                ExpertWeights weights = mapped.get(expert);
                String prefix = "blk." + layer + ".ffn_";
                stored.add(new StoredExpert(
                        weights,
                        List.of(
                                slice(file, prefix + "gate_exps.weight", expert, weights.gate()),
                                slice(file, prefix + "up_exps.weight", expert, weights.up()),
                                slice(file, prefix + "down_exps.weight", expert, weights.down()))));
            }
            layers.add(stored);
        }
        return new StoredExperts(layers);
    }

    private static Slice slice(GgufFile file, String tensor, int expert, WeightMatrix mapped) {
        TensorLocation location = file.location(tensor);
        long bytes = mapped.data().byteSize();
        return new Slice(location, Math.addExact(location.offset(), Math.multiplyExact(bytes, (long) expert)), mapped);
    }

    StoredExpert get(int layer, int expert) {
        return layers.get(layer).get(expert);
    }

    /** Bytes of an expert of each layer that has some. */
    public long[] bytesOfLayers() {
        return layers.stream()
                .filter(layer -> !layer.isEmpty())
                .mapToLong(layer -> layer.getFirst().mapped().bytes())
                .toArray();
    }

    /** The most that any expert needs if each of its slices takes {@code overhead} bytes more and begins aligned. */
    long slotBytes(long alignment, long overhead) {
        long most = 0;
        for (List<StoredExpert> layer : layers) {
            for (StoredExpert expert : layer) {
                long bytes = 0;
                for (Slice slice : expert.slices()) {
                    bytes += alignUp(slice.bytes() + overhead, alignment);
                }
                most = Math.max(most, bytes);
            }
        }
        return most;
    }

    static long alignUp(long value, long alignment) {
        return (value + alignment - 1) & -alignment;
    }
}
