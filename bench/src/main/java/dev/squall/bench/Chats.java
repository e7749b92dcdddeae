package dev.squall.bench;

import dev.squall.generate.Cancellation;
import dev.squall.generate.Conversation;
import dev.squall.generate.GenerationMetrics;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.sampling.SamplingOptions;
import java.util.List;
import java.util.function.Consumer;

/** Puts prompts to a model, each in a conversation of its own, greedily. */
final class Chats {
    private Chats() {}

    /** Runs the prompts in order and tells what each answer cost. */
    static void run(LanguageModel model, List<String> prompts, int tokensMax, Consumer<GenerationMetrics> done) {
        Conversation.ReplyOptions options =
                new Conversation.ReplyOptions(tokensMax, SamplingOptions.greedy(), -1, new Cancellation());
        for (String prompt : prompts) {
            try (Session session = model.newSession()) {
                Conversation conversation = new Conversation(
                        session,
                        model.tokenizer(),
                        model.chatTemplate().orElseThrow(() -> new BenchException("the model has no chat template")));
                done.accept(conversation
                        .reply(prompt, options, TokenListener.NONE)
                        .result()
                        .metrics());
            }
        }
    }
}
