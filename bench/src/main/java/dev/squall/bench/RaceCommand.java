package dev.squall.bench;

import dev.squall.gguf.GgufFile;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench race}: the engines run the same tokens in turn, each in a process of its own. */
@Command(
        name = "race",
        description = {
            "Race the engines on one model: tokens per second of prefill and decode.",
            "Prints rows for RESULTS.md: median (least-greatest) over the rounds."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class RaceCommand implements Callable<Integer> {
    @Mixin
    private RaceOptions options = new RaceOptions();

    @Option(names = "--rounds", paramLabel = "N", description = "Laps of each engine. Default: ${DEFAULT-VALUE}.")
    private int rounds = 5;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description = "Laps of each engine before those that count. Default: ${DEFAULT-VALUE}.")
    private int warmUp = 2;

    @Option(
            names = "--engines",
            split = ",",
            paramLabel = "NAME",
            description = "Any of ${COMPLETION-CANDIDATES}. Default: all.")
    private List<Engine> engines = List.of(Engine.values());

    @Override
    public Integer call() throws IOException {
        options.check();
        if (rounds < 1 || warmUp < 0) {
            throw new BenchException("rounds=" + rounds + ", warm-up=" + warmUp + ", expected at least 1 and 0");
        }
        long weightBytes;
        try (GgufFile file = GgufFile.open(options.model)) {
            weightBytes = DecodeTraffic.bytesPerToken(file);
        }
        Spread bandwidth = Bandwidth.gigabytesPerSecond(options.model, options.threads);
        List<Standing> standings = new ArrayList<>();
        try {
            for (Engine engine : engines) {
                standings.add(new Standing(new Lane(engine, options), new ArrayList<>()));
            }
            run(standings);
            report(weightBytes, bandwidth, standings);
        } finally {
            standings.forEach(standing -> standing.lane().close());
        }
        return 0;
    }

    private void run(List<Standing> standings) throws IOException {
        for (int round = -warmUp; round < rounds; round++) {
            for (Standing standing : standings) {
                Lap lap = standing.lane().lap();
                if (round >= 0) {
                    standing.laps().add(lap);
                }
            }
        }
    }

    private void report(long weightBytes, Spread bandwidth, List<Standing> standings) {
        PrintStream out = System.out;
        for (Standing standing : standings) {
            out.printf("%s: %s%n", standing.lane().engine(), standing.lane().description());
        }
        out.printf(
                Locale.ROOT,
                "%s, %d threads, %d + %d tokens, %d rounds; %.1f MB of weights a token; plain reads %s GB/s%n%n",
                options.model.getFileName(),
                options.threads,
                options.promptTokens,
                options.decodeTokens,
                rounds,
                weightBytes / 1e6,
                bandwidth);
        out.println("| engine | prefill tokens/s | decode tokens/s | decode weights GB/s | of plain reads |");
        out.println("|---|---|---|---|---|");
        for (Standing standing : standings) {
            Spread decode = standing.decode(options.decodeTokens);
            double weights = decode.median() * weightBytes / 1e9;
            out.printf(
                    Locale.ROOT,
                    "| %s | %s | %s | %.2f | %.0f %% |%n",
                    standing.lane().engine(),
                    standing.prefill(options.promptTokens),
                    decode,
                    weights,
                    100 * weights / bandwidth.median());
        }
        Standing first = standings.getFirst();
        for (Standing other : standings.subList(1, standings.size())) {
            out.printf(
                    Locale.ROOT,
                    "| %s / %s | %.2f | %.2f | | |%n",
                    first.lane().engine(),
                    other.lane().engine(),
                    first.prefill(options.promptTokens).median()
                            / other.prefill(options.promptTokens).median(),
                    first.decode(options.decodeTokens).median()
                            / other.decode(options.decodeTokens).median());
        }
        for (Standing other : standings.subList(1, standings.size())) {
            out.printf(
                    "%n%s and %s: same likeliest token at %d of %d steps%n",
                    first.lane().engine(),
                    other.lane().engine(),
                    first.laps().getFirst().agreement(other.laps().getFirst()),
                    options.decodeTokens + 1);
        }
    }

    /** One engine's laps that count. */
    private record Standing(Lane lane, List<Lap> laps) {
        /** Prompt tokens a second. */
        Spread prefill(int tokens) {
            return Spread.of(laps.stream()
                    .mapToDouble(lap -> tokens * 1e9 / lap.prefillNanos())
                    .toArray());
        }

        /** Decoded tokens a second. */
        Spread decode(int tokens) {
            return Spread.of(laps.stream()
                    .mapToDouble(lap -> tokens * 1e9 / lap.decodeNanos())
                    .toArray());
        }
    }
}
