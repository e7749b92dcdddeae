package dev.squall.cli.answer;

import dev.squall.cli.process.CommandFailure;
import dev.squall.sampling.SamplingOptions;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Option;

/** How tokens are chosen. The defaults are llama.cpp's, but for a temperature a little lower. */
public final class SamplingArguments {
    @Option(
            names = {"-s", "--seed"},
            paramLabel = "N",
            defaultValue = "-1",
            description = "Seed of the random choice; -1 draws one. The one in force is printed. Default: -1.")
    private long seed;

    @Option(
            names = "--temp",
            paramLabel = "T",
            defaultValue = "0.7",
            description = "Temperature; 0 takes the likeliest token. Default: 0.7.")
    private float temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "40",
            description = "Choose among the K likeliest tokens; 0 is off. Default: 40.")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "0.95",
            description = "Choose among the likeliest tokens that reach this probability together; 1 is off. "
                    + "Default: 0.95.")
    private float topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            defaultValue = "0.05",
            description =
                    "Choose among tokens at least P times as likely as the likeliest; 0 is off. " + "Default: 0.05.")
    private float minP;

    @Option(
            names = "--repeat-penalty",
            paramLabel = "R",
            defaultValue = "1",
            description = "Make recent tokens less likely; 1 is off. Default: 1.")
    private float repeatPenalty;

    @Option(
            names = "--repeat-last-n",
            paramLabel = "N",
            defaultValue = "64",
            description = "How many tokens are recent; 0 is off. Default: 64.")
    private int repeatTokens;

    /**
     * The options with the seed asked for, or one drawn.
     *
     * @throws CommandFailure if one is out of range; the message names it
     */
    public SamplingOptions options() {
        try {
            return new SamplingOptions(
                    temperature, topK, topP, minP, repeatPenalty, repeatTokens, isSeedFixed() ? seed : drawSeed());
        } catch (IllegalArgumentException e) {
            throw CommandFailure.ofUsage(e);
        }
    }

    public boolean isSeedFixed() {
        return seed != -1;
    }

    /** A new seed: 32 bits, so that it is easily typed again. */
    public static long drawSeed() {
        return ThreadLocalRandom.current().nextLong(1L << 32);
    }
}
