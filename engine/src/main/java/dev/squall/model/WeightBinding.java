package dev.squall.model;

import static dev.squall.model.Feature.ATTENTION_OUTPUT_BIAS;
import static dev.squall.model.Feature.ATTENTION_SINKS;
import static dev.squall.model.Feature.EXPERT_BIAS;
import static dev.squall.model.Feature.GATED_SHARED_EXPERT;
import static dev.squall.model.Feature.NORM_BIAS;
import static dev.squall.model.Feature.OUTPUT_BIAS;
import static dev.squall.model.Feature.POST_ATTENTION_NORM;
import static dev.squall.model.Feature.QKV_BIAS;
import static dev.squall.model.Feature.ROUTER_BIAS;

import dev.squall.gguf.GgufFile;
import dev.squall.model.AttentionWeights.Absorbed;
import dev.squall.model.AttentionWeights.Expanded;
import dev.squall.model.AttentionWeights.LatentQuery;
import dev.squall.model.MixtureWeights.ExpertBiases;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Which tensor of a file is which weight. */
final class WeightBinding {
    private final Hyperparameters h;
    private final Architecture architecture;
    private final TensorBinder tensors;

    WeightBinding(GgufFile file, Hyperparameters h) {
        this.h = h;
        architecture = h.architecture();
        tensors = new TensorBinder(file, architecture.name());
    }

    ModelWeights bind(int vocabularySize) {
        WeightMatrix tokenEmbedding = tensors.matrix("token_embd.weight", vocabularySize, h.embeddingLength());
        List<LayerWeights> layers = IntStream.range(0, h.blockCount())
                .mapToObj(layer -> layer(layer, "blk." + layer + "."))
                .toList();
        int pairs = Math.max(1, h.rope().dimensionCount() / 2);
        return new ModelWeights(
                h,
                tokenEmbedding,
                new RopeFactors(
                        tensors.vectorIfPresent("rope_freqs.weight", pairs),
                        tensors.vectorIfPresent("rope_factors_short.weight", pairs),
                        tensors.vectorIfPresent("rope_factors_long.weight", pairs)),
                layers,
                tensors.norm("output_norm", h.embeddingLength(), architecture.has(NORM_BIAS)),
                output(tokenEmbedding));
    }

    private Projection output(WeightMatrix tokenEmbedding) {
        boolean biased = architecture.has(OUTPUT_BIAS);
        return tensors.has("output.weight")
                ? tensors.projection("output", tokenEmbedding.rows(), h.embeddingLength(), biased)
                : new Projection(tokenEmbedding, null);
    }

    private LayerWeights layer(int layer, String prefix) {
        boolean biased = architecture.has(NORM_BIAS);
        String feedForwardNorm = architecture.has(POST_ATTENTION_NORM) ? "post_attention_norm" : "ffn_norm";
        LatentShape latent = h.latent();
        return new LayerWeights(
                tensors.norm(prefix + "attn_norm", h.embeddingLength(), biased),
                latent == null ? grouped(prefix) : latent(latent, prefix),
                tensors.norm(prefix + feedForwardNorm, h.embeddingLength(), biased),
                h.isDense(layer) ? network(prefix, "", h.denseFeedForwardLength()) : mixture(prefix));
    }

    private AttentionWeights grouped(String prefix) {
        int width = h.embeddingLength();
        int queryWidth = h.headCount() * h.keyLength();
        int keyWidth = h.headCountKv() * h.keyLength();
        int valueWidth = h.headCountKv() * h.valueLength();
        boolean biased = architecture.has(QKV_BIAS);
        refuse(
                prefix + "attn_qkv.weight",
                "queries, keys and values in one tensor, expected one for each",
                "convert the model again without fusing them");
        return new AttentionWeights.Grouped(
                tensors.projection(prefix + "attn_q", queryWidth, width, biased),
                tensors.projection(prefix + "attn_k", keyWidth, width, biased),
                tensors.projection(prefix + "attn_v", valueWidth, width, biased),
                qkNorm(prefix + "attn_q_norm.weight", queryWidth),
                qkNorm(prefix + "attn_k_norm.weight", keyWidth),
                architecture.has(ATTENTION_SINKS) ? tensors.vector(prefix + "attn_sinks.weight", h.headCount()) : null,
                attentionOutput(prefix, h.valueLength()));
    }

    private float @Nullable [] qkNorm(String name, int wholeWidth) {
        return switch (architecture.qkNorm()) {
            case NONE -> null;
            case PER_HEAD -> tensors.vector(name, h.keyLength());
            case WHOLE -> tensors.vector(name, wholeWidth);
        };
    }

    private Projection attentionOutput(String prefix, int valueLength) {
        return tensors.projection(
                prefix + "attn_output",
                h.embeddingLength(),
                h.headCount() * valueLength,
                architecture.has(ATTENTION_OUTPUT_BIAS));
    }

    private AttentionWeights latent(LatentShape latent, String prefix) {
        int width = h.embeddingLength();
        int heads = h.headCount();
        int rank = latent.rank();
        int rotated = h.rope().dimensionCount();
        int plain = latent.keyLength() - rotated;
        int queryWidth = heads * latent.keyLength();
        boolean down = latent.queryRank() > 0;
        return new AttentionWeights.Latent(
                down
                        ? new LatentQuery(
                                tensors.matrix(prefix + "attn_q_a.weight", latent.queryRank(), width),
                                tensors.norm(prefix + "attn_q_a_norm", latent.queryRank(), false))
                        : null,
                down
                        ? tensors.matrix(prefix + "attn_q_b.weight", queryWidth, latent.queryRank())
                        : tensors.matrix(prefix + "attn_q.weight", queryWidth, width),
                tensors.matrix(prefix + "attn_kv_a_mqa.weight", rank + rotated, width),
                tensors.norm(prefix + "attn_kv_a_norm", rank, false),
                latent.absorbed()
                        ? new Absorbed(
                                tensors.matrices(prefix + "attn_k_b.weight", heads, rank, plain),
                                tensors.matrices(prefix + "attn_v_b.weight", heads, latent.valueLength(), rank))
                        : new Expanded(tensors.matrix(
                                prefix + "attn_kv_b.weight", heads * (plain + latent.valueLength()), rank)),
                attentionOutput(prefix, latent.valueLength()));
    }

    private MixtureWeights mixture(String prefix) {
        int shared = h.sharedFeedForwardLength();
        boolean gated = architecture.has(GATED_SHARED_EXPERT);
        return new MixtureWeights(
                tensors.projection(
                        prefix + "ffn_gate_inp", h.expertCount(), h.embeddingLength(), architecture.has(ROUTER_BIAS)),
                tensors.vectorIfPresent(prefix + "exp_probs_b.bias", h.expertCount()),
                experts(prefix),
                architecture.has(EXPERT_BIAS) ? expertBiases(prefix) : null,
                shared > 0 ? network(prefix, "_shexp", shared) : null,
                gated ? tensors.vector(prefix + "ffn_gate_inp_shexp.weight", h.embeddingLength()) : null);
    }

    private ExpertWeights network(String prefix, String suffix, int inner) {
        int width = h.embeddingLength();
        return new ExpertWeights(
                tensors.matrix(prefix + "ffn_gate" + suffix + ".weight", inner, width),
                tensors.matrix(prefix + "ffn_up" + suffix + ".weight", inner, width),
                tensors.matrix(prefix + "ffn_down" + suffix + ".weight", width, inner));
    }

    private List<ExpertWeights> experts(String prefix) {
        refuse(
                prefix + "ffn_gate.0.weight",
                "one tensor for each expert, expected '" + prefix + "ffn_gate_exps.weight' with all of them",
                "convert the model again with a llama.cpp later than April 2024, or get a newer file");
        refuse(
                prefix + "ffn_gate_up_exps.weight",
                "gate and up projections in one tensor, expected one for each",
                "convert the model again without fusing them");
        int width = h.embeddingLength();
        int inner = h.expertFeedForwardLength();
        int count = h.expertCount();
        List<WeightMatrix> gates = tensors.matrices(prefix + "ffn_gate_exps.weight", count, inner, width);
        List<WeightMatrix> ups = tensors.matrices(prefix + "ffn_up_exps.weight", count, inner, width);
        List<WeightMatrix> downs = tensors.matrices(prefix + "ffn_down_exps.weight", count, width, inner);
        return IntStream.range(0, count)
                .mapToObj(expert -> new ExpertWeights(gates.get(expert), ups.get(expert), downs.get(expert)))
                .toList();
    }

    private void refuse(String tensor, String reason, String remedy) {
        if (tensors.has(tensor)) {
            throw new ModelException("tensor '" + tensor + "': " + reason + " in " + tensors.source() + "; " + remedy);
        }
    }

    private ExpertBiases expertBiases(String prefix) {
        int inner = h.expertFeedForwardLength();
        return new ExpertBiases(
                tensors.vector(prefix + "ffn_gate_exps.bias", inner, h.expertCount()),
                tensors.vector(prefix + "ffn_up_exps.bias", inner, h.expertCount()),
                tensors.vector(prefix + "ffn_down_exps.bias", h.embeddingLength(), h.expertCount()));
    }
}
