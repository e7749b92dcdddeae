package dev.squall.cli.models;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelSummaryTest {
    @ParameterizedTest
    @CsvSource({
        "token_embd.weight, EMBEDDING",
        "output.weight, OUTPUT",
        "output_norm.weight, NORM",
        "blk.0.attn_norm.weight, NORM",
        "blk.12.attn_q_norm.weight, NORM",
        "blk.0.attn_q.bias, ATTENTION",
        "blk.0.attn_sinks, ATTENTION",
        "blk.0.ffn_gate_inp.weight, ROUTER",
        "blk.0.exp_probs_b.bias, ROUTER",
        "blk.0.ffn_gate_inp_shexp.weight, SHARED_EXPERT",
        "blk.0.ffn_down_shexp.weight, SHARED_EXPERT",
        "blk.0.ffn_down_exps.weight, EXPERTS",
        "blk.0.ffn_down.weight, DENSE",
        "rope_freqs.weight, OTHER"
    })
    void tensorsAreOfTheClassThatTheirNameTells(String tensor, ModelSummary.TensorClass expected) {
        assertThat(ModelSummary.TensorClass.of(tensor)).isEqualTo(expected);
    }
}
