package dev.squall.cli;

import dev.squall.generate.LanguageModel;
import dev.squall.tokenizer.ChatTemplate;

/** Finds the chat template that a conversation cannot do without. */
final class Templates {
    private Templates() {}

    static ChatTemplate of(LanguageModel model) {
        return model.chatTemplate()
                .orElseThrow(() -> new CommandFailure("tokenizer.chat_template is missing in "
                        + model.file().paths().getFirst().getFileName()
                        + ": a base model, which has no chat format: use --raw with -p TEXT"));
    }
}
