package dev.squall.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench start}: how long a whole process takes to its first byte of output and to its end, and its memory. */
@Command(
        name = "start",
        description = {
            "Start a command several times: time to the first byte of its stdout, to its end, and peak memory.",
            "For example: bench start -- ./squall chat -m MODEL -p Hello -n 8"
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class StartCommand implements Callable<Integer> {
    private static final Path PROCESSES = Path.of("/proc");
    private static final Pattern PEAK_RESIDENT = Pattern.compile("VmHWM:\\s+(\\d+) kB");
    private static final String HEAP_LOG = "-Xlog:gc,gc+exit=debug:file=";
    /** Without rotation, which would leave the empty file that is there under another name. */
    private static final String HEAP_LOG_ALONE = "::filecount=0";

    private static final Pattern HEAP_BEFORE_COLLECTION = Pattern.compile("(\\d+)M->\\d+M\\(");
    private static final Pattern HEAP_AT_EXIT = Pattern.compile("total .*used (\\d+)K");
    private static final long POLL_MILLIS = 10;

    /** One whole process. */
    private record Start(long firstByteNanos, long endNanos, long residentBytesMax, long heapBytesMax) {}

    @Option(names = "--runs", paramLabel = "N", description = "Runs that count. Default: ${DEFAULT-VALUE}.")
    private int runs = 7;

    @Option(names = "--warm-up", paramLabel = "N", description = "Runs before those. Default: ${DEFAULT-VALUE}.")
    private int warmUp = 1;

    @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "The command and its arguments, after --.")
    private List<String> command = List.of();

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (runs < 1 || warmUp < 0) {
            throw new BenchException("runs=" + runs + ", warm-up=" + warmUp + ", expected at least 1 and 0");
        }
        List<Start> starts = new ArrayList<>();
        for (int run = -warmUp; run < runs; run++) {
            Start start = start();
            if (run >= 0) {
                starts.add(start);
            }
        }
        PrintStream out = System.out;
        out.printf(Locale.ROOT, "%s, %d runs%n%n", String.join(" ", command), runs);
        out.println("| first byte ms | whole process ms | peak resident MB | peak heap MB |");
        out.println("|---|---|---|---|");
        out.printf(
                "| %s | %s | %s | %s |%n",
                spread(starts, start -> start.firstByteNanos() / 1e6),
                spread(starts, start -> start.endNanos() / 1e6),
                spread(starts, start -> start.residentBytesMax() / 1e6),
                spread(starts, start -> start.heapBytesMax() / 1e6));
        return 0;
    }

    private Start start() throws IOException, InterruptedException {
        Path heapLog = Files.createTempFile("bench-heap", ".log");
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(Redirect.DISCARD);
            builder.environment()
                    .merge(
                            "SQUALL_JAVA_OPTS",
                            HEAP_LOG + heapLog + HEAP_LOG_ALONE,
                            (before, added) -> before + " " + added);
            long start = System.nanoTime();
            Process process = builder.start();
            try {
                process.getOutputStream().close();
                ResidentPeak peak = new ResidentPeak(process);
                Thread watcher = Thread.ofPlatform().daemon().start(peak);
                long firstByte = firstByte(process.getInputStream());
                int status = process.waitFor();
                long end = System.nanoTime();
                watcher.join();
                if (status != 0 || firstByte == 0) {
                    throw new BenchException("'" + String.join(" ", command) + "' ended with exit code " + status
                            + (firstByte == 0 ? " and no output" : "")
                            + ", expected 0 and some output: run it by hand");
                }
                return new Start(firstByte - start, end - start, peak.bytes, heapBytesMax(heapLog));
            } finally {
                process.destroy();
            }
        } finally {
            Files.deleteIfExists(heapLog);
        }
    }

    /** When the first byte came, as System.nanoTime; 0 if none did. Reads to the end. */
    private static long firstByte(InputStream stdout) throws IOException {
        long first = stdout.read() < 0 ? 0 : System.nanoTime();
        stdout.transferTo(OutputStream.nullOutputStream());
        return first;
    }

    /** The most heap in use before any collection or at the end; 0 if the command started no JVM. */
    private static long heapBytesMax(Path log) throws IOException {
        String text = Files.readString(log);
        long before = HEAP_BEFORE_COLLECTION
                .matcher(text)
                .results()
                .mapToLong(match -> Long.parseLong(match.group(1)) << 20)
                .max()
                .orElse(0);
        long atExit = HEAP_AT_EXIT
                .matcher(text)
                .results()
                .mapToLong(match -> Long.parseLong(match.group(1)) << 10)
                .sum();
        return Math.max(before, atExit);
    }

    private static Spread spread(List<Start> starts, ToDoubleFunction<Start> quantity) {
        return Spread.of(starts.stream().mapToDouble(quantity).toArray());
    }

    /** Polls the greatest resident size that Linux has noted for a process or any of its children. */
    private static final class ResidentPeak implements Runnable {
        private final Process process;
        private volatile long bytes;

        private ResidentPeak(Process process) {
            this.process = process;
        }

        @Override
        public void run() {
            while (process.isAlive()) {
                long[] pids = Stream.concat(Stream.of(process.toHandle()), process.descendants())
                        .mapToLong(ProcessHandle::pid)
                        .toArray();
                for (long pid : pids) {
                    bytes = Math.max(bytes, residentBytesMax(pid));
                }
                try {
                    Thread.sleep(POLL_MILLIS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }

        private static long residentBytesMax(long pid) {
            try {
                Matcher matcher = PEAK_RESIDENT.matcher(
                        Files.readString(PROCESSES.resolve(Long.toString(pid)).resolve("status")));
                return matcher.find() ? Long.parseLong(matcher.group(1)) * 1024 : 0;
            } catch (IOException e) {
                if (ProcessHandle.of(pid).isEmpty()) {
                    return 0; // ended between the listing and the look
                }
                throw new BenchException("cannot read the status of process " + pid + ": " + e.getMessage(), e);
            }
        }
    }
}
