package dev.squall.cli.chat;

import dev.squall.cli.terminal.TerminalText;
import dev.squall.generate.LanguageModel;

/** A loaded model in a few words. */
record ModelOverview(LanguageModel model) {
    private static final String EXTENSION = ".gguf";

    /** Its file's name without the extension. */
    String name() {
        String name =
                TerminalText.line(model.file().paths().getFirst().getFileName().toString());
        return name.endsWith(EXTENSION) ? name.substring(0, name.length() - EXTENSION.length()) : name;
    }

    String experts() {
        return "%d layers of %d experts, %d used"
                .formatted(
                        model.hyperparameters().blockCount(),
                        model.hyperparameters().expertCount(),
                        model.hyperparameters().expertUsedCount());
    }

    String expertsInMemory() {
        int all = model.hyperparameters().expertLayerCount()
                * model.hyperparameters().expertCount();
        return model.policy().isEmpty()
                ? "all, where they lie in the mapped file"
                : "at most %d of %d in memory, policy %s"
                        .formatted(
                                model.expertSlots().orElse(all),
                                all,
                                model.policy().get());
    }
}
