package dev.squall.cli.models;

import dev.squall.cli.loading.DemoModel;
import dev.squall.cli.loading.ModelFile;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Sizes;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Failures;
import dev.squall.cli.process.Home;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.Palette;
import dev.squall.cli.terminal.TerminalText;
import dev.squall.generate.LanguageModel;
import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufFormatException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what models are. */
@Command(
        name = "models",
        versionProvider = Version.class,
        description =
                "Shows what a model file is: its sizes, experts, quantisation, tokenizer and the memory it needs.",
        sortOptions = false,
        footer = {
            "",
            "Of a folder it lists the models. Without arguments: the demo model and those in ~/.squall/models."
        })
public final class ModelsCommand implements Callable<Integer> {
    private static final int FILES_MAX = 10_000;

    /** A file and what it is, or why that cannot be said. */
    record Entry(
            Path file,
            @Nullable ModelSummary summary,
            @Nullable String failure) {}

    private final Streams streams;
    private final Environment environment;

    @Parameters(paramLabel = "FILE|DIR", description = "A GGUF file, or a folder of them.")
    private List<Path> paths = new ArrayList<>();

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    @Mixin
    private CommonOptions common = new CommonOptions();

    public ModelsCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        List<Path> asked = new ArrayList<>(paths);
        if (asked.isEmpty()) {
            asked.add(DemoModel.locate(Home.cache(environment), streams.err()));
            Path models = Home.squall(environment).resolve("models");
            if (Files.isDirectory(models)) {
                asked.add(models);
            }
        }
        List<Entry> entries = new ArrayList<>();
        boolean failed = false;
        for (Path path : asked) {
            if (Files.isDirectory(path)) {
                List<Entry> listed = list(path);
                entries.addAll(listed);
                if (!json) {
                    printList(path, listed);
                }
                continue;
            }
            Entry entry = read(path);
            entries.add(entry);
            if (entry.failure() != null) {
                streams.err().println("squall: " + TerminalText.line(entry.failure()));
                failed = true;
            } else if (!json && entry.summary() != null) {
                new ModelReport(streams.out(), common.color.palette(streams.outTerminal(), environment))
                        .print(entry.summary());
            }
        }
        if (json) {
            ModelJson.write(streams.out(), entries);
        }
        return failed ? ExitCode.FAILED : ExitCode.FINE;
    }

    private static Entry read(Path path) {
        if (!Files.exists(path)) {
            return new Entry(path, null, ModelFile.missing(path));
        }
        try (GgufFile file = GgufFile.open(path)) {
            return new Entry(path, ModelSummary.of(file, LanguageModel.CONTEXT_TOKENS_DEFAULT), null);
        } catch (IOException | GgufFormatException e) {
            return new Entry(path, null, Failures.describe(e));
        }
    }

    /** The models of a directory, of split ones the first part. */
    private static List<Entry> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> {
                        String name = file.getFileName().toString();
                        return name.endsWith(".gguf") && !name.matches(".*-(?!00001)\\d{5}-of-\\d{5}\\.gguf");
                    })
                    .sorted()
                    .limit(FILES_MAX)
                    .map(ModelsCommand::read)
                    .toList();
        }
    }

    private void printList(Path directory, List<Entry> entries) {
        PrintStream out = streams.out();
        Palette palette = common.color.palette(streams.outTerminal(), environment);
        if (entries.isEmpty()) {
            streams.err().println("squall: no .gguf files in " + directory);
            return;
        }
        int width =
                entries.stream().mapToInt(entry -> name(entry).length()).max().orElse(0);
        for (Entry entry : entries) {
            String name = String.format(Locale.ROOT, "%-" + width + "s", name(entry));
            ModelSummary summary = entry.summary();
            out.println(palette.bold(name) + "  "
                    + (summary == null
                            ? palette.error(TerminalText.line(String.valueOf(entry.failure())))
                            : line(summary, palette)));
        }
    }

    private static String line(ModelSummary summary, Palette palette) {
        String experts = summary.experts() > 0
                ? "%d experts, %d used".formatted(summary.experts(), summary.expertsUsed())
                : "dense";
        return "%10s  %s, %s"
                        .formatted(Sizes.bytes(summary.bytes()), TerminalText.line(summary.architecture()), experts)
                + (summary.refusal() == null ? "" : palette.warning("  not run by this Squall"));
    }

    private static String name(Entry entry) {
        return TerminalText.line(entry.file().getFileName().toString());
    }
}
