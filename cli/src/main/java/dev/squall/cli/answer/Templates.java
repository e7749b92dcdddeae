package dev.squall.cli.answer;

import dev.squall.cli.process.CommandFailure;
import dev.squall.generate.LanguageModel;
import dev.squall.tokenizer.ChatTemplate;

/** Finds the chat template that a conversation cannot do without. */
public final class Templates {
    private Templates() {}

    public static ChatTemplate of(LanguageModel model) {
        return model.chatTemplate()
                .orElseThrow(() -> new CommandFailure("tokenizer.chat_template is missing in "
                        + model.file().paths().getFirst().getFileName()
                        + ": a base model, which has no chat format: use --raw with -p TEXT"));
    }
}
