package dev.squall.cli.answer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.squall.cli.loading.ModelArguments;
import dev.squall.expert.CacheCounters;
import dev.squall.generate.GenerationMetrics;
import dev.squall.generate.GenerationResult;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.ScoredToken;
import dev.squall.generate.TokenProbability;
import dev.squall.predict.PredictionCounters;
import dev.squall.sampling.SamplingOptions;
import dev.squall.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/**
 * Writes an answer as one JSON object on one line. Log-probabilities are natural logarithms of the model's own
 * distribution, before any sampling option; that of the first prompt token, which nothing precedes, is null.
 */
public final class AnswerJson {
    private AnswerJson() {}

    static void write(
            OutputStream out,
            LanguageModel model,
            ModelArguments arguments,
            OneAnswer.Question question,
            GenerationResult result)
            throws IOException {
        JsonFactory factory = new JsonFactory().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        try (JsonGenerator json = factory.createGenerator(out)) {
            json.writeStartObject();
            json.writeStringField("model", model.file().paths().getFirst().toString());
            json.writeStringField(
                    "architecture", model.hyperparameters().architecture().name());
            json.writeNumberField("seed", question.sampling().seed());
            writeOptions(json, model, arguments, question);
            writeTokens(json, model.tokenizer(), "prompt", result.prompt(), question.likeliest());
            writeTokens(json, model.tokenizer(), "answer", result.answer(), question.likeliest());
            json.writeStringField("text", result.text());
            json.writeStringField("stop_reason", result.stopReason().name().toLowerCase(Locale.ROOT));
            writeMetrics(json, result.metrics(), model.predictionCounters());
            json.writeEndObject();
        }
        out.write(System.lineSeparator().getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static void writeOptions(
            JsonGenerator json, LanguageModel model, ModelArguments arguments, OneAnswer.Question question)
            throws IOException {
        SamplingOptions sampling = question.sampling();
        json.writeObjectFieldStart("options");
        json.writeNumberField("predict", question.tokensMax());
        json.writeNumberField("ctx_size", model.contextTokensMax());
        json.writeNumberField("temp", sampling.temperature());
        json.writeNumberField("top_k", sampling.topK());
        json.writeNumberField("top_p", sampling.topP());
        json.writeNumberField("min_p", sampling.minP());
        json.writeNumberField("repeat_penalty", sampling.repeatPenalty());
        json.writeNumberField("repeat_last_n", sampling.repeatTokens());
        json.writeBooleanField("raw", question.raw());
        if (question.system() != null) {
            json.writeStringField("system", question.system());
        }
        json.writeNumberField("threads", model.threads());
        json.writeStringField("device", arguments.computing().toString());
        json.writeStringField("kernels", arguments.kernels().toString());
        json.writeEndObject();
    }

    private static void writeTokens(
            JsonGenerator json, Tokenizer tokenizer, String name, List<ScoredToken> tokens, int likeliest)
            throws IOException {
        json.writeArrayFieldStart(name + "_ids");
        for (ScoredToken token : tokens) {
            json.writeNumber(token.token());
        }
        json.writeEndArray();
        if (likeliest < 0) {
            return;
        }
        json.writeArrayFieldStart(name + "_logprobs");
        for (ScoredToken token : tokens) {
            json.writeStartObject();
            writeScore(json, tokenizer, token.token(), token.logProbability());
            if (likeliest > 0) {
                json.writeArrayFieldStart("likeliest");
                for (TokenProbability other : token.likeliest()) {
                    json.writeStartObject();
                    writeScore(json, tokenizer, other.token(), other.logProbability());
                    json.writeEndObject();
                }
                json.writeEndArray();
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void writeScore(JsonGenerator json, Tokenizer tokenizer, int token, double logProbability)
            throws IOException {
        json.writeNumberField("id", token);
        json.writeStringField("text", tokenizer.text(token));
        if (Double.isFinite(logProbability)) {
            json.writeNumberField("logprob", logProbability);
        } else {
            json.writeNullField("logprob");
        }
    }

    /** What cache and predictor have done, as fields of the object that is being written. */
    public static void writeExperts(JsonGenerator json, CacheCounters experts, PredictionCounters forecasts)
            throws IOException {
        json.writeNumberField("expert_hits", experts.hits());
        json.writeNumberField("expert_misses", experts.misses());
        json.writeNumberField("expert_bytes_loaded", experts.bytesLoaded());
        json.writeNumberField("expert_bytes_loaded_ahead", experts.bytesLoadedAhead());
        json.writeNumberField("expert_prefetches_timely", experts.timely());
        json.writeNumberField("expert_prefetches_late", experts.late());
        json.writeNumberField("expert_prefetches_wasted", experts.wasted());
        writeShare(json, "expert_prediction_recall", experts.predictedUsed(), experts.hits() + experts.misses());
        writeShare(json, "expert_prediction_precision", experts.predictedUsed(), experts.predicted());
        json.writeNumberField("expert_stalled_seconds", experts.stalledNanos() / 1e9);
        json.writeNumberField("expert_forecasts", forecasts.observed());
        json.writeNumberField("expert_forecasts_left_out", forecasts.dropped());
        json.writeNumberField("expert_forecast_seconds", forecasts.predictionNanos() / 1e9);
        json.writeNumberField("expert_map_searches", forecasts.searches());
        json.writeNumberField("expert_map_search_seconds", forecasts.searchNanos() / 1e9);
    }

    /** A share of nothing is null. */
    private static void writeShare(JsonGenerator json, String name, long part, long whole) throws IOException {
        if (whole == 0) {
            json.writeNullField(name);
        } else {
            json.writeNumberField(name, (double) part / whole);
        }
    }

    private static void writeMetrics(JsonGenerator json, GenerationMetrics metrics, PredictionCounters forecasts)
            throws IOException {
        json.writeObjectFieldStart("metrics");
        json.writeNumberField("prompt_tokens", metrics.promptTokens());
        json.writeNumberField("prompt_tokens_cached", metrics.promptTokensCached());
        json.writeNumberField("generated_tokens", metrics.generatedTokens());
        json.writeNumberField("prefill_seconds", metrics.prefillNanos() / 1e9);
        json.writeNumberField("decode_seconds", metrics.decodeNanos() / 1e9);
        json.writeNumberField("first_token_seconds", metrics.firstTokenNanos() / 1e9);
        json.writeNumberField("prefill_tokens_per_second", metrics.prefillTokensPerSecond());
        json.writeNumberField("decode_tokens_per_second", metrics.decodeTokensPerSecond());
        writeExperts(json, metrics.experts(), forecasts);
        json.writeEndObject();
    }
}
