package dev.squall.bench;

import dev.squall.bench.DeviceTimeline.Launch;
import dev.squall.bench.DeviceTimeline.Pass;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToLongFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench device}. */
@Command(
        name = "device",
        description =
                "What a token costs on a device, from a flight recording of an answer: launches, bytes across the bus, time, "
                        + "and whether experts are copied while it computes.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class DeviceCommand implements Callable<Integer> {
    private static final int COLUMNS = 100;

    @Parameters(paramLabel = "RECORDING", description = "As made with -XX:StartFlightRecording:filename=RECORDING.")
    private Path recording = Path.of("");

    @Option(
            names = "--skip",
            paramLabel = "N",
            description =
                    "Passes of one token left out at the beginning, which compile kernels. Default: ${DEFAULT-VALUE}.")
    private int skipped = 8;

    @Override
    public Integer call() throws IOException {
        List<Pass> tokens = DeviceTimeline.read(recording).passes().stream()
                .filter(pass -> pass.rows() == 1)
                .skip(skipped)
                .toList();
        if (tokens.isEmpty()) {
            throw new BenchException(recording + ": no pass of one token after the first " + skipped
                    + ", expected a longer answer: give a smaller --skip, or record with --predict 64");
        }
        System.out.printf("%d passes of one token; medians, and the mean%n%n", tokens.size());
        System.out.println("| a token | median | mean |");
        System.out.println("|---|---|---|");
        row("launches of the pass", tokens, pass -> pass.computing().size(), "%.0f", 1);
        row("kernels of the pass", tokens, Pass::tasks, "%.0f", 1);
        row("KiB to the device, for the pass", tokens, Pass::bytesToDevice, "%.1f", 1024);
        row("KiB to the host", tokens, Pass::bytesToHost, "%.1f", 1024);
        row("experts copied", tokens, pass -> pass.uploads().size(), "%.1f", 1);
        row("KiB of experts", tokens, Pass::bytesUploaded, "%.1f", 1024);
        row("ms in all", tokens, Pass::nanos, "%.2f", 1e6);
        row("ms in launches: TornadoVM, driver, device", tokens, Pass::launchNanos, "%.2f", 1e6);
        row(
                "ms outside: routing, sampling, waiting for experts",
                tokens,
                pass -> pass.nanos() - pass.launchNanos(),
                "%.2f",
                1e6);
        row("ms of copying experts", tokens, Pass::uploadNanos, "%.2f", 1e6);
        row("ms of that beside launches of the pass", tokens, Pass::overlapNanos, "%.2f", 1e6);
        row("layers that wait for copies", tokens, Pass::layersThatWait, "%.1f", 1);
        row("ms spared at most by computing present experts meanwhile", tokens, Pass::sparableNanos, "%.2f", 1e6);
        row("ms of the launch that begins the pass", tokens, Pass::firstLaunchNanos, "%.2f", 1e6);
        Pass shown = tokens.stream()
                .max(Comparator.comparingLong(Pass::overlapNanos))
                .orElseThrow();
        System.out.printf(Locale.ROOT, "%nthe token with most copies beside it, %.2f ms:%n%n", shown.nanos() / 1e6);
        System.out.println("compute  " + line(shown, shown.computing()));
        System.out.println("copy     " + line(shown, shown.uploads()));
        return 0;
    }

    private static void row(String what, List<Pass> passes, ToLongFunction<Pass> value, String format, double unit) {
        long[] sorted = passes.stream().mapToLong(value).sorted().toArray();
        String cells = "| %s | " + format + " | " + format + " |%n";
        double mean = Arrays.stream(sorted).average().orElseThrow();
        System.out.printf(Locale.ROOT, cells, what, sorted[sorted.length / 2] / unit, mean / unit);
    }

    /** A pass as columns of equal time, marked where a launch lasts for half of one or begins. */
    private static String line(Pass pass, List<Launch> launches) {
        char[] columns = new char[COLUMNS];
        Arrays.fill(columns, '.');
        double width = (double) pass.nanos() / COLUMNS;
        for (Launch launch : launches) {
            int first = column((launch.begin() - pass.begin()) / width);
            int last = column((launch.end() - pass.begin()) / width - 0.5);
            Arrays.fill(columns, first, Math.max(first, last) + 1, '#');
        }
        return new String(columns);
    }

    private static int column(double at) {
        return Math.clamp((long) at, 0, COLUMNS - 1);
    }
}
