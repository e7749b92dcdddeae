package dev.squall.cli.chat;

import dev.squall.cli.answer.SamplingArguments;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Failures;
import dev.squall.sampling.SamplingOptions;
import java.util.List;

/**
 * What {@code /set} changes and {@code /show} shows. Owned by the chat's thread.
 *
 * <p>A seed that was asked for holds for every answer; otherwise each answer draws one. Another try at the same answer
 * takes the next seed, as the same one would say the same again.
 */
final class ChatSettings {
    /** The names of the options, which are those of the command line. */
    static final List<String> NAMES =
            List.of("temp", "top-k", "top-p", "min-p", "repeat-penalty", "repeat-last-n", "seed", "predict");

    private SamplingOptions sampling;
    private boolean seedFixed;
    private int tokensMax;

    ChatSettings(SamplingOptions sampling, boolean seedFixed, int tokensMax) {
        this.sampling = sampling;
        this.seedFixed = seedFixed;
        this.tokensMax = tokensMax;
    }

    /** Most tokens of an answer, -1 for no limit. */
    int tokensMax() {
        return tokensMax;
    }

    SamplingOptions sampling() {
        return sampling;
    }

    /** Options for a new answer: the fixed seed, or one drawn now. */
    SamplingOptions nextAnswer() {
        return seedFixed ? sampling : sampling.withSeed(SamplingArguments.drawSeed());
    }

    /** Options for try number {@code attempt} at the same answer, the first of which is 1. */
    SamplingOptions nextAttempt(int attempt) {
        return seedFixed ? sampling.withSeed(sampling.seed() + attempt) : nextAnswer();
    }

    /**
     * Changes an option.
     *
     * @throws CommandFailure if there is no such option or the value does not suit it; nothing is changed then
     */
    void set(String name, String value) {
        if (!NAMES.contains(name)) {
            throw new CommandFailure("no option '" + name + "', expected one of " + String.join(", ", NAMES));
        }
        SamplingOptions s = sampling;
        try {
            switch (name) {
                case "seed" -> setSeed(Long.parseLong(value));
                case "predict" -> setTokensMax(Integer.parseInt(value));
                default ->
                    sampling = new SamplingOptions(
                            name.equals("temp") ? Float.parseFloat(value) : s.temperature(),
                            name.equals("top-k") ? Integer.parseInt(value) : s.topK(),
                            name.equals("top-p") ? Float.parseFloat(value) : s.topP(),
                            name.equals("min-p") ? Float.parseFloat(value) : s.minP(),
                            name.equals("repeat-penalty") ? Float.parseFloat(value) : s.repeatPenalty(),
                            name.equals("repeat-last-n") ? Integer.parseInt(value) : s.repeatTokens(),
                            s.seed());
            }
        } catch (NumberFormatException e) {
            throw new CommandFailure(name + ": '" + value + "', expected a number", e);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(Failures.oneLine(String.valueOf(e.getMessage())), e);
        }
    }

    /** The option's value as {@code /show} prints it. */
    String show(String name) {
        return switch (name) {
            case "temp" -> Float.toString(sampling.temperature());
            case "top-k" -> Integer.toString(sampling.topK());
            case "top-p" -> Float.toString(sampling.topP());
            case "min-p" -> Float.toString(sampling.minP());
            case "repeat-penalty" -> Float.toString(sampling.repeatPenalty());
            case "repeat-last-n" -> Integer.toString(sampling.repeatTokens());
            case "seed" -> seedFixed ? Long.toString(sampling.seed()) : "-1 (drawn for each answer)";
            case "predict" -> tokensMax == -1 ? "-1 (no limit)" : Integer.toString(tokensMax);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private void setSeed(long seed) {
        seedFixed = seed != -1;
        sampling = sampling.withSeed(seed);
    }

    private void setTokensMax(int tokens) {
        if (tokens < -1) {
            throw new CommandFailure("predict: " + tokens + ", expected 0 or more, or -1 for no limit");
        }
        tokensMax = tokens;
    }
}
