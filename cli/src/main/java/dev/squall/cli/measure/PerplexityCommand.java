package dev.squall.cli.measure;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.squall.cli.file.OutputKind;
import dev.squall.cli.file.TextInput;
import dev.squall.cli.loading.ModelArguments;
import dev.squall.cli.loading.ModelFile;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.generate.LanguageModel;
import dev.squall.gguf.GgufFile;
import dev.squall.perplexity.DistributionFile;
import dev.squall.perplexity.Divergence;
import dev.squall.perplexity.Perplexity;
import dev.squall.perplexity.PerplexityRun;
import dev.squall.perplexity.SampleStatistics;
import dev.squall.perplexity.TextChunks;
import dev.squall.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures a model on a text. */
@Command(
        name = "perplexity",
        versionProvider = Version.class,
        description = "Tells how well a model predicts a text, and how far it is from another one.",
        sortOptions = false,
        footer = {
            "",
            "As llama-perplexity does it: the text is cut into windows of --ctx-size tokens, and the second half of each is"
                    + " scored. Divergences are of a model from the base: KL(base || model), natural logarithms."
        })
public final class PerplexityCommand implements Callable<Integer> {
    private static final int WINDOW_DEFAULT = 512;

    private final Streams streams;
    private final Environment environment;

    @Mixin
    private ModelArguments arguments = new ModelArguments();

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            required = true,
            description = "The text, UTF-8; - is standard input.")
    private Path file = Path.of("");

    @Option(
            names = "--chunks",
            paramLabel = "N",
            defaultValue = "0",
            description = "Windows that are scored. Default: 0, all.")
    private int chunksMax;

    @Option(
            names = "--save-base",
            paramLabel = "FILE",
            description = "Keep the model's distributions, to compare others with.")
    private @Nullable Path saveBase;

    @Option(
            names = "--base",
            paramLabel = "FILE",
            description = "Compare with the distributions that --save-base of another model has kept.")
    private @Nullable Path base;

    @Option(
            names = "--base-model",
            paramLabel = "FILE",
            description =
                    "Compare with this model; its distributions take two bytes for each token of the vocabulary and"
                            + " token scored, in a temporary file.")
    private @Nullable Path baseModel;

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    public PerplexityCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        validate();
        arguments
                .filesRead()
                .reads("text", file)
                .reads("--base", base)
                .reads("--base-model", baseModel)
                .replaces("--save-base", OutputKind.DISTRIBUTIONS, saveBase)
                .replaces("--trace-out", OutputKind.TRACE, arguments.traceOut());
        String text =
                file.toString().equals("-") ? TextInput.read(streams.in(), "standard input") : TextInput.read(file);
        if (baseModel == null) {
            return measure(text, base);
        }
        requireSameTokens(text, arguments.file(streams, environment), baseModel);
        Path temporary = Files.createTempFile("squall-base", ".distributions");
        try {
            try (LanguageModel model = arguments.loadInstead(baseModel, streams)) {
                run(model, text, null, temporary, "base ");
            }
            return measure(text, temporary);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /**
     * Tells before anything is scored, which may take hours, that nothing can be compared.
     *
     * @throws CommandFailure if the models have other tokens for the text, or not as many
     */
    private void requireSameTokens(String text, Path measured, Path compared) throws IOException {
        ModelFile.requireExists(measured);
        ModelFile.requireExists(compared);
        try (GgufFile one = GgufFile.open(measured);
                GgufFile other = GgufFile.open(compared)) {
            Tokenizer expected = Tokenizer.fromMetadata(one.metadata());
            Tokenizer actual = Tokenizer.fromMetadata(other.metadata());
            if (actual.vocabularySize() != expected.vocabularySize()) {
                throw new CommandFailure("--base-model " + compared + ": a vocabulary of " + actual.vocabularySize()
                        + " tokens, expected " + expected.vocabularySize() + " as in " + measured
                        + ": compare models that have the same");
            }
            if (!Arrays.equals(
                    chunks(actual, text).tokens(), chunks(expected, text).tokens())) {
                throw new CommandFailure("--base-model " + compared + ": other tokens for " + file + " than those of "
                        + measured + ", expected the same vocabulary: compare models that have the same");
            }
        }
    }

    private void validate() {
        arguments.setContextTokensDefault(WINDOW_DEFAULT);
        arguments.validate();
        if (arguments.contextTokens() < 4) {
            throw CommandFailure.ofUsage("--ctx-size " + arguments.contextTokens()
                    + ": expected 4 or more, so that there is something to score");
        }
        if (chunksMax < 0) {
            throw CommandFailure.ofUsage("--chunks " + chunksMax + ": expected 0 or more");
        }
        if (base != null && baseModel != null) {
            throw CommandFailure.ofUsage("--base and --base-model: give one of them");
        }
    }

    private int measure(String text, @Nullable Path compared) throws IOException {
        PerplexityRun run;
        try (LanguageModel model = arguments.load(streams, environment)) {
            run = run(model, text, compared, saveBase, "");
        }
        boolean compares = compared != null;
        if (json) {
            writeJson(run, compares);
        } else {
            print(run, compares);
        }
        return ExitCode.FINE;
    }

    /**
     * Scores the text.
     *
     * @param compared distributions of a base, if there is one to compare with
     * @param kept where the model's own distributions go, if anywhere
     */
    private PerplexityRun run(
            LanguageModel model, String text, @Nullable Path compared, @Nullable Path kept, String label)
            throws IOException {
        TextChunks chunks = chunks(model.tokenizer(), text);
        try (DistributionFile.Reader reader = compared == null
                        ? null
                        : new DistributionFile.Reader(compared, chunks, model.vocabularySize());
                DistributionFile.Writer writer =
                        kept == null ? null : new DistributionFile.Writer(kept, chunks, model.vocabularySize())) {
            PerplexityRun run = new PerplexityRun(model, chunks, reader, writer);
            run.run((chunk, soFar) -> streams.err()
                    .printf(
                            Locale.ROOT,
                            "%swindow %d of %d: perplexity so far %.4f%n",
                            label,
                            chunk + 1,
                            chunks.count(),
                            soFar.value()));
            return run;
        }
    }

    private TextChunks chunks(Tokenizer tokenizer, String text) {
        try {
            return TextChunks.of(tokenizer, text, arguments.contextTokens(), chunksMax);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(file + ": " + e.getMessage(), e);
        }
    }

    private void print(PerplexityRun run, boolean compares) {
        if (compares) {
            Divergence d = run.divergence();
            line("perplexity of the base", plusMinus(d.base().value(), d.base().error()));
            line(
                    "perplexity / that of the base",
                    plusMinus(d.ratio().value(), d.ratio().error()));
            line("correlation of ln p", percent(d.correlation()));
            SampleStatistics kl = d.divergences();
            line("mean KL divergence", plusMinus(kl.mean(), kl.error()));
            shares().forEach((name, share) -> line(name + " KL divergence", number(kl.quantile(share))));
            SampleStatistics dp = d.differences();
            line("mean difference of p", percent(dp.mean()) + " ± " + percent(dp.error()));
            shares().forEach((name, share) -> line(name + " difference of p", percent(dp.quantile(share))));
            line("root mean square difference of p", percent(dp.rootMeanSquare()));
            SampleStatistics same = d.agreements();
            line("same likeliest token", percent(same.mean()) + " ± " + percent(same.error()));
        }
        Perplexity whole = run.perplexity();
        line("perplexity", plusMinus(whole.value(), whole.error()) + " (" + whole.tokens() + " tokens scored)");
    }

    private void line(String name, String text) {
        streams.out().printf(Locale.ROOT, "%-34s %s%n", name, text);
    }

    private static String plusMinus(double value, double error) {
        return number(value) + " ± " + number(error);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.6f", value);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.4f %%", 100 * share);
    }

    private static Map<String, Double> shares() {
        Map<String, Double> shares = new LinkedHashMap<>();
        shares.put("greatest", 1.0);
        for (double percent : new double[] {99.9, 99, 95, 90, 75}) {
            shares.put(String.format(Locale.ROOT, "%s %%", percent), percent / 100);
        }
        shares.put("median", 0.5);
        for (double percent : new double[] {25, 10, 5, 1, 0.1}) {
            shares.put(String.format(Locale.ROOT, "%s %%", percent), percent / 100);
        }
        shares.put("least", 0.0);
        return shares;
    }

    private void writeJson(PerplexityRun run, boolean compares) throws IOException {
        try (JsonGenerator generator = new JsonFactory().createGenerator(streams.out())) {
            generator.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            generator.writeStartObject();
            generator.writeStringField("file", file.toString());
            generator.writeNumberField("context", arguments.contextTokens());
            number(generator, "perplexity", run.perplexity());
            generator.writeNumberField("tokens", run.perplexity().tokens());
            if (compares) {
                Divergence d = run.divergence();
                number(generator, "base_perplexity", d.base());
                number(generator, "perplexity_ratio", d.ratio());
                sample(generator, "kl_divergence", d.divergences());
                sample(generator, "probability_difference", d.differences());
                generator.writeNumberField(
                        "probability_difference_rms", d.differences().rootMeanSquare());
                generator.writeObjectFieldStart("same_likeliest");
                generator.writeNumberField("mean", d.agreements().mean());
                generator.writeNumberField("error", d.agreements().error());
                generator.writeEndObject();
            }
            generator.writeEndObject();
        }
        streams.out().println();
    }

    private static void number(JsonGenerator generator, String name, Perplexity value) throws IOException {
        generator.writeNumberField(name, value.value());
        generator.writeNumberField(name + "_error", value.error());
    }

    private static void sample(JsonGenerator generator, String name, SampleStatistics sample) throws IOException {
        generator.writeObjectFieldStart(name);
        generator.writeNumberField("mean", sample.mean());
        generator.writeNumberField("error", sample.error());
        for (double share : Arrays.asList(0.0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)) {
            generator.writeNumberField("quantile_" + share, sample.quantile(share));
        }
        generator.writeEndObject();
    }
}
