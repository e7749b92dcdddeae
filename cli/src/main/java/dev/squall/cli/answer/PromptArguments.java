package dev.squall.cli.answer;

import dev.squall.cli.process.CommandFailure;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a prompt becomes before the model gets it, and how long an answer may be. */
public final class PromptArguments {
    @Option(
            names = {"-sys", "--system"},
            paramLabel = "TEXT",
            description =
                    "The system message, which tells the model how to behave; prompts with one of their own keep it. "
                            + "Default: none.")
    private @Nullable String system;

    @Option(
            names = {"-n", "--predict"},
            paramLabel = "N",
            defaultValue = "-1",
            description = "Most tokens of an answer; -1 is until it ends or the context is full. Default: -1.")
    private int tokensMax = -1;

    @Option(
            names = "--raw",
            fallbackValue = "true",
            description = "Continue the text as it is, without the model's chat template.")
    private boolean raw;

    /** The system message, if there is one. */
    public @Nullable String system() {
        return system;
    }

    /** Most tokens of an answer, -1 for no limit. */
    public int tokensMax() {
        return tokensMax;
    }

    /** Whether a prompt is continued as it is, without the chat template. */
    public boolean isRaw() {
        return raw;
    }

    /**
     * @param tokensLeast of an answer
     * @throws CommandFailure if an option is out of range, or two contradict each other
     */
    public void validate(int tokensLeast) {
        if (tokensMax < tokensLeast && tokensMax != -1) {
            throw CommandFailure.ofUsage(
                    "--predict " + tokensMax + ": expected " + tokensLeast + " or more, or -1 for no limit");
        }
        if (raw && system != null) {
            throw CommandFailure.ofUsage(
                    "--system is part of the chat template, which --raw leaves out: use one of them");
        }
    }
}
