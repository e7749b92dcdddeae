package dev.squall.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/**
 * One engine in a process of its own, driven by {@link Lane} over stdin and stdout: it says its description, then runs
 * one lap for each line that it is sent. Between laps it waits, so that its threads do not disturb the other lanes.
 */
@Command(name = "lane", hidden = true)
final class LaneCommand implements Callable<Integer> {
    @Mixin
    private RaceOptions options = new RaceOptions();

    @Parameters(index = "0")
    private Engine engine = Engine.LLAMA;

    @Override
    public Integer call() throws IOException {
        options.check();
        PrintStream out = System.out;
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Racer racer = engine.start(
                options.model, options.contextTokens(), options.threads, options.rival, options.flashAttention)) {
            int[] tokens = Lap.tokens(options.seed, options.contextTokens(), racer.vocabularySize());
            int[] prompt = Arrays.copyOf(tokens, options.promptTokens);
            int[] continuation = Arrays.copyOfRange(tokens, options.promptTokens, options.contextTokens());
            out.println(racer.description());
            while (in.readLine() != null) {
                out.println(Lap.run(racer, prompt, continuation).line());
            }
        }
        return 0;
    }
}
