package dev.squall.bench;

import dev.squall.expert.CacheCounters;
import dev.squall.generate.Cancellation;
import dev.squall.generate.Conversation;
import dev.squall.generate.GenerationMetrics;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.sampling.SamplingOptions;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Puts prompts to a model, each in a conversation of its own, greedily. */
final class Chats {
    private Chats() {}

    /**
     * What an answer cost.
     *
     * @param prefill what the expert cache did until the first token
     */
    record Cost(GenerationMetrics metrics, CacheCounters prefill) {
        /** What the expert cache did from then on. */
        CacheCounters decode() {
            return metrics.experts().since(prefill);
        }
    }

    /** Runs the prompts in order and tells what each answer cost. */
    static void run(LanguageModel model, List<String> prompts, int tokensMax, Consumer<Cost> done) {
        Conversation.ReplyOptions options =
                new Conversation.ReplyOptions(tokensMax, SamplingOptions.greedy(), -1, new Cancellation());
        for (String prompt : prompts) {
            try (Session session = model.newSession()) {
                Conversation conversation = new Conversation(
                        session,
                        model.tokenizer(),
                        model.chatTemplate().orElseThrow(() -> new BenchException("the model has no chat template")));
                CacheCounters before = model.expertCounters();
                @Nullable CacheCounters[] prefill = new CacheCounters[1];
                TokenListener listener = (token, text) -> {
                    if (prefill[0] == null) {
                        prefill[0] = model.expertCounters().since(before);
                    }
                };
                GenerationMetrics metrics =
                        conversation.reply(prompt, options, listener).result().metrics();
                done.accept(new Cost(metrics, prefill[0] == null ? metrics.experts() : prefill[0]));
            }
        }
    }
}
