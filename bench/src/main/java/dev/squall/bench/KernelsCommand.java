package dev.squall.bench;

import dev.squall.compute.ProductBenchmark;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench kernels}. */
@Command(
        name = "kernels",
        description = "JMH: matrix-vector products of every block type at two threads, against plain reads.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class KernelsCommand implements Callable<Integer> {
    @Option(names = "--types", split = ",", paramLabel = "TYPE", description = "Default: all.")
    private List<String> types = new ArrayList<>();

    /** One type's two rates. */
    private static final class Rates {
        private double product;
        private double productError;
        private double read;
    }

    @Override
    public Integer call() throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder().include(ProductBenchmark.class.getName());
        if (!types.isEmpty()) {
            options.param("type", types.toArray(String[]::new));
        }
        Map<String, Rates> byType = new TreeMap<>();
        Collection<RunResult> results = new Runner(options.build()).run();
        for (RunResult result : results) {
            Rates rates = byType.computeIfAbsent(result.getParams().getParam("type"), type -> new Rates());
            Result<?> primary = result.getPrimaryResult();
            double gigabytes = ProductBenchmark.BYTES / 1e9;
            if (result.getParams().getBenchmark().endsWith("product")) {
                rates.product = primary.getScore() * gigabytes;
                rates.productError = primary.getScoreError() * gigabytes;
            } else {
                rates.read = primary.getScore() * gigabytes;
            }
        }
        System.out.println("| type | product GB/s | plain read GB/s | of it |");
        System.out.println("|---|---|---|---|");
        byType.forEach((type, rates) -> System.out.printf(
                Locale.ROOT,
                "| %s | %.1f ± %.1f | %.1f | %.0f %% |%n",
                type,
                rates.product,
                rates.productError,
                rates.read,
                100 * rates.product / rates.read));
        return 0;
    }
}
