package dev.squall.cli.batch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.squall.cli.answer.AnswerJson;
import dev.squall.cli.answer.ExpertUse;
import dev.squall.cli.answer.PromptArguments;
import dev.squall.cli.answer.SamplingArguments;
import dev.squall.cli.file.OutputKind;
import dev.squall.cli.loading.ModelArguments;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Failures;
import dev.squall.cli.process.Interruption;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.ProgressLine;
import dev.squall.cli.terminal.TerminalWidth;
import dev.squall.cli.terminal.WrappedText;
import dev.squall.expert.CacheCounters;
import dev.squall.generate.Cancellation;
import dev.squall.generate.LanguageModel;
import dev.squall.model.ModelFingerprint;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Answers a file of prompts. */
@Command(
        name = "batch",
        versionProvider = Version.class,
        description = "Answers a file of prompts, several at a time; started again, it goes on where it was.",
        sortOptions = false,
        footer = {
            "",
            "INPUT has a prompt a line, or JSON objects a line: {\"id\", \"prompt\"}, {\"id\", \"messages\"} or OpenAI's batch"
                    + " format. Answers are appended to the output in OpenAI's batch format as they are ready, found by"
                    + " custom_id; an answer depends on the seed and its id, not on the order or what runs beside it.",
            "Exit codes: 0 all answered, 1 some not or failed, 2 wrong usage, 130 and 143 interrupted."
        })
public final class BatchCommand implements Callable<Integer> {
    private static final int CONCURRENCY_MAX = 64;
    private static final String LINES = "lines of text";
    private static final String DIGEST = "digest of these lines";

    private final Streams streams;
    private final Environment environment;

    @Parameters(paramLabel = "INPUT", description = "The prompts.")
    private Path input = Path.of("");

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Answers are appended to it. Default: the input's name and .answers.jsonl.")
    private @Nullable Path output;

    @Option(
            names = "--errors",
            paramLabel = "FILE",
            description = "Where prompts that have no answer are listed. Default: OUTPUT.errors.")
    private @Nullable Path errors;

    @Option(
            names = "--format",
            paramLabel = "auto|jsonl|text",
            defaultValue = "auto",
            description = "How the input is read. Default: auto, JSON if its first line begins with a brace.")
    private BatchInput.Format format = BatchInput.Format.AUTO;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "8",
            description = "Prompts answered at a time, 1 to 64; each takes a KV cache of --ctx-size. Default: 8.")
    private int concurrency = 8;

    @Option(
            names = "--reorder",
            fallbackValue = "true",
            description =
                    "Answer prompts that are alike together, which share experts, rather than in the file's order."
                            + " Answers stay the same; their order in the output changes.")
    private boolean reorder;

    @Option(
            names = "--max-errors",
            paramLabel = "N",
            defaultValue = "0",
            description = "Go on with as many prompts that cannot be answered. Default: 0.")
    private int errorsMax;

    @Option(
            names = "--force",
            fallbackValue = "true",
            description = "Go on in an output of another model or other options.")
    private boolean force;

    @Mixin
    private ModelArguments modelArguments = new ModelArguments();

    @Mixin
    private PromptArguments promptArguments = new PromptArguments();

    @Mixin
    private SamplingArguments samplingArguments = new SamplingArguments();

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "Write a page with plots of throughput, latency and use of experts to this HTML file.")
    private @Nullable Path report;

    @Option(names = "--json", fallbackValue = "true", description = "Write a summary as one JSON object at the end.")
    private boolean json;

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    public BatchCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        SamplingOptions sampling = samplingArguments.options();
        validate();
        BatchInput prompts = BatchInput.read(input, format);
        report(prompts.problems());
        if (output != null && output.toString().equals("-")) {
            throw new CommandFailure(
                    "-o -: a batch appends its answers to a file, as it may have to be started again: name one");
        }
        Path answers = output != null ? output : input.resolveSibling(input.getFileName() + ".answers.jsonl");
        Path failures = errors != null ? errors : answers.resolveSibling(answers.getFileName() + ".errors");
        requireDifferent(answers, failures);
        BatchState.read(BatchState.of(answers));
        try (BatchOutput answered = new BatchOutput(answers)) {
            try (BatchOutput failed = new BatchOutput(failures)) {
                failed.clear();
                int exitCode = answer(prompts, sampling, answers, answered, failed);
                if (failed.finishedCount() == 0) {
                    Files.deleteIfExists(failures);
                }
                return exitCode;
            }
        }
    }

    /** Refuses to write what is read, or two things to one file. */
    private void requireDifferent(Path answers, Path failures) throws IOException {
        modelArguments
                .filesRead()
                .reads("input", input)
                .writes("output", answers)
                .writes("state of the output", BatchState.of(answers))
                .writes("--errors", failures)
                .replaces("--report", OutputKind.PAGE, report)
                .replaces("--trace-out", OutputKind.TRACE, modelArguments.traceOut());
    }

    private void validate() {
        modelArguments.validate();
        if (concurrency < 1 || concurrency > CONCURRENCY_MAX) {
            throw CommandFailure.ofUsage("--concurrency " + concurrency + ": expected 1 to " + CONCURRENCY_MAX);
        }
        if (errorsMax < 0) {
            throw CommandFailure.ofUsage("--max-errors " + errorsMax + ": expected 0 or more");
        }
        promptArguments.validate(1);
    }

    /** Tells what is wrong with lines of the input; gives up if that is more than is put up with. */
    private void report(List<BatchInput.Problem> problems) {
        int told = 0;
        for (BatchInput.Problem problem : problems) {
            if (told++ < 20) {
                streams.err().println("squall: " + input + ":" + problem.line() + ": " + problem.reason());
            }
        }
        if (problems.size() > errorsMax) {
            throw new CommandFailure(input + ": " + problems.size() + (problems.size() == 1 ? " line" : " lines")
                    + " cannot be used, --max-errors is " + errorsMax
                    + ": mend what is wrong, or allow for it; nothing was run");
        }
    }

    private int answer(
            BatchInput prompts, SamplingOptions asked, Path answers, BatchOutput answered, BatchOutput failed)
            throws IOException {
        Cancellation cancellation = new Cancellation();
        int total = prompts.items().size();
        try (Interruption interruption = new Interruption(() -> {
                    cancellation.cancel();
                    streams.err()
                            .println("\nsquall: interrupted: " + answered.finishedCount() + " of " + total
                                    + " answers are in " + answers + "; the same command goes on");
                });
                LanguageModel model = modelArguments.load(concurrency, streams, environment)) {
            SamplingOptions sampling = resume(model, prompts, asked, answers, answered);
            int before = answered.finishedCount();
            BatchHistory history = new BatchHistory(System::nanoTime, model::expertCounters);
            BatchRun run = new BatchRun(
                    model,
                    new BatchRun.Settings(
                            input.toString(),
                            sampling,
                            promptArguments.tokensMax(),
                            promptArguments.system(),
                            promptArguments.isRaw(),
                            errorsMax,
                            concurrency,
                            reorder),
                    answered,
                    failed,
                    history);
            prompts.problems().forEach(run::fail);
            ExpertUse use = new ExpertUse(model);
            if (report != null) {
                model.addObserver(use);
            }
            boolean isReported;
            try (ProgressBar bar = ProgressLine.start(streams, total, before)) {
                run.run(prompts.items(), cancellation, progress -> {
                    if (bar != null) {
                        bar.stepTo(answered.finishedCount());
                        bar.setExtraMessage(message(model, history));
                    }
                });
            } finally {
                isReported = writeReport(model, history, use, run, before);
            }
            if (interruption.hasCome()) {
                return ExitCode.INTERRUPTED;
            }
            summarise(model, run, before, history, sampling.seed(), answered, failed);
            return run.failed() == 0 && isReported ? ExitCode.FINE : ExitCode.FAILED;
        }
    }

    /** Whether the report is there if it was asked for. What went wrong with it must not hide what else did. */
    private boolean writeReport(LanguageModel model, BatchHistory history, ExpertUse use, BatchRun run, int before) {
        if (report == null) {
            return true;
        }
        try {
            new BatchReport(history, use).page(input, model, run, before).write(report);
            return true;
        } catch (IOException e) {
            streams.err().println("squall: the report could not be written: " + Failures.describe(e));
            return false;
        }
    }

    /** The sampling of this batch, whose seed an earlier start may have drawn. */
    private SamplingOptions resume(
            LanguageModel model, BatchInput prompts, SamplingOptions asked, Path answers, BatchOutput answered)
            throws IOException {
        Path file = BatchState.of(answers);
        Map<String, String> earlier = BatchState.read(file);
        long seed = asked.seed();
        if (!samplingArguments.isSeedFixed() && earlier.containsKey("seed")) {
            seed = BatchState.number(file, earlier, "seed", Long.MIN_VALUE, Long.MAX_VALUE);
        }
        SamplingOptions sampling = asked.withSeed(seed);
        Map<String, String> now = new LinkedHashMap<>();
        now.put("model", ModelFingerprint.of(model.file()));
        now.put("tokenizer", ModelFingerprint.ofTokenizer(model.file()));
        now.put("chat template", ModelFingerprint.ofChatTemplates(model.file()));
        now.put("hyper-parameters", ModelFingerprint.ofHyperparameters(model.file()));
        now.put("seed", Long.toString(seed));
        now.put("temp", Float.toString(sampling.temperature()));
        now.put("top-k", Integer.toString(sampling.topK()));
        now.put("top-p", Float.toString(sampling.topP()));
        now.put("min-p", Float.toString(sampling.minP()));
        now.put("repeat-penalty", Float.toString(sampling.repeatPenalty()));
        now.put("repeat-last-n", Integer.toString(sampling.repeatTokens()));
        now.put("predict", Integer.toString(promptArguments.tokensMax()));
        now.put("ctx-size", Integer.toString(model.contextTokensMax()));
        now.put("system", Objects.requireNonNullElse(promptArguments.system(), ""));
        now.put("raw", Boolean.toString(promptArguments.isRaw()));
        now.put("device", modelArguments.computing().toString());
        now.put("kernels", modelArguments.kernels().toString());
        if (prompts.isNumbered() && earlier.containsKey(LINES)) {
            int count = (int) BatchState.number(file, earlier, LINES, 0, Integer.MAX_VALUE);
            now.put(LINES, Integer.toString(Math.min(count, prompts.items().size())));
            now.put(DIGEST, prompts.digest(count));
        }
        List<String> different = earlier.isEmpty() ? List.of() : BatchState.differences(earlier, now);
        if (answered.finishedCount() > 0 && !different.isEmpty() && !force) {
            throw new CommandFailure(answers + " has " + answered.finishedCount()
                    + " answers with another model or other options (" + String.join("; ", different)
                    + "): use the same, name another output, or mix them with --force");
        }
        if (prompts.isNumbered()) {
            // An answer is found by its line, so lines may be added behind those that were there, not among them.
            now.put(LINES, Integer.toString(prompts.items().size()));
            now.put(DIGEST, prompts.digest(prompts.items().size()));
        }
        BatchState.write(file, now);
        return sampling;
    }

    private static String message(LanguageModel model, BatchHistory history) {
        CacheCounters counters = model.expertCounters();
        String hits = counters.hits() + counters.misses() == 0
                ? ""
                : String.format(Locale.ROOT, ", %.0f %% hit", 100 * counters.hitRate());
        return String.format(Locale.ROOT, "%.0f tokens/s%s", history.answerTokens() / history.seconds(), hits);
    }

    private void summarise(
            LanguageModel model,
            BatchRun run,
            int before,
            BatchHistory history,
            long seed,
            BatchOutput answered,
            BatchOutput failed)
            throws IOException {
        double seconds = history.seconds();
        String line = String.format(
                Locale.ROOT,
                "%d answered, %d failed, %d there before | %d prompt and %d answer tokens in %.1f s | %s | seed %d",
                run.answered(),
                run.failed(),
                before,
                run.promptTokens(),
                run.answerTokens(),
                seconds,
                message(model, history),
                seed);
        if (run.answered() + run.failed() == 0 && before > 0) {
            line = "all " + before + " answers were there before: nothing is left to do";
        }
        int width = streams.errTerminal() ? TerminalWidth.ofErrorTerminal() : 0;
        streams.err().println(WrappedText.of(line, width, 0));
        streams.err()
                .println("answers: " + answered.file()
                        + (run.failed() == 0 ? "" : "; prompts without one, and why: " + failed.file()));
        if (json) {
            try (JsonGenerator generator = new JsonFactory().createGenerator(streams.out())) {
                generator.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
                generator.writeStartObject();
                generator.writeNumberField("answered", run.answered());
                generator.writeNumberField("failed", run.failed());
                generator.writeNumberField("before", before);
                generator.writeNumberField("prompt_tokens", run.promptTokens());
                generator.writeNumberField("answer_tokens", run.answerTokens());
                generator.writeNumberField("seconds", seconds);
                generator.writeNumberField("seed", seed);
                generator.writeStringField("output", answered.file().toString());
                if (run.failed() == 0) {
                    generator.writeNullField("errors");
                } else {
                    generator.writeStringField("errors", failed.file().toString());
                }
                AnswerJson.writeExperts(generator, model.expertCounters(), model.predictionCounters());
                generator.writeEndObject();
            }
            streams.out().println();
        }
    }
}
