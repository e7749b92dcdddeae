package dev.squall.cli.chat;

import dev.squall.cli.answer.OneAnswer;
import dev.squall.cli.answer.PromptArguments;
import dev.squall.cli.answer.SamplingArguments;
import dev.squall.cli.file.OutputKind;
import dev.squall.cli.file.TextInput;
import dev.squall.cli.loading.ModelArguments;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.Streams;
import dev.squall.generate.GenerationRequest;
import dev.squall.generate.LanguageModel;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Talks with a model: on a screen of its own, or one answer to a prompt. */
@Command(
        name = "chat",
        versionProvider = Version.class,
        description = "Talks with a model, or answers one prompt.",
        sortOptions = false,
        footer = {
            "",
            "With -p, -f or piped input there is one answer, on standard output; without them, at a terminal, a chat.",
            "Given together, -p comes first and the file of -f after it on a new line; -f - reads standard input, so: "
                    + "squall chat -p 'Sort these:' -f - < names.txt",
            "Given -p or -f FILE, standard input is left alone.",
            "",
            "Every option is also an environment variable: SQUALL_ and its long name in capitals, so --top-k is SQUALL_TOP_K."
        })
public final class ChatCommand implements Callable<Integer> {
    private final Streams streams;
    private final Environment environment;

    @Mixin
    private ModelArguments modelArguments = new ModelArguments();

    @Option(
            names = {"-p", "--prompt"},
            paramLabel = "TEXT",
            description = "What to answer. Default: what is typed or piped.")
    private @Nullable String prompt;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "Read the prompt from a UTF-8 file; - is standard input.")
    private @Nullable Path file;

    @Mixin
    private PromptArguments promptArguments = new PromptArguments();

    @Mixin
    private SamplingArguments samplingArguments = new SamplingArguments();

    @Option(
            names = "--json",
            fallbackValue = "true",
            description = "Write one JSON object instead of the answer's text.")
    private boolean json;

    @Option(
            names = "--logprobs",
            paramLabel = "N",
            description = "With --json: the log-probability of each token of prompt and answer, and the N likeliest at "
                    + "each step, 0 to 1000. Default: none.")
    private @Nullable Integer likeliest;

    @Mixin
    private CommonOptions common = new CommonOptions();

    public ChatCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        SamplingOptions sampling = samplingArguments.options();
        modelArguments.validate();
        promptArguments.validate(0);
        boolean screen = prompt == null && file == null && streams.interactive();
        validate(screen);
        modelArguments
                .filesRead()
                .reads("prompt", file)
                .replaces("--trace-out", OutputKind.TRACE, modelArguments.traceOut());
        if (screen) {
            try (LanguageModel model = modelArguments.load(streams, environment)) {
                return ChatScreen.open(
                        model, settings(sampling), promptArguments.system(), streams, environment, common.color);
            }
        }
        String text = promptText();
        try (LanguageModel model = modelArguments.load(streams, environment)) {
            OneAnswer answer = new OneAnswer(
                    model, modelArguments, streams, common.color.palette(streams.errTerminal(), environment));
            OneAnswer.Question question = new OneAnswer.Question(
                    text,
                    promptArguments.system(),
                    promptArguments.isRaw(),
                    promptArguments.tokensMax(),
                    sampling,
                    likeliest == null ? -1 : likeliest);
            return json ? answer.json(question) : answer.text(question);
        }
    }

    private ChatSettings settings(SamplingOptions sampling) {
        return new ChatSettings(sampling, samplingArguments.isSeedFixed(), promptArguments.tokensMax());
    }

    private void validate(boolean screen) {
        if (likeliest != null && !json) {
            throw CommandFailure.ofUsage("--logprobs is written as JSON: add --json");
        }
        if (likeliest != null && (likeliest < 0 || likeliest > GenerationRequest.LIKELIEST_MAX)) {
            throw CommandFailure.ofUsage(
                    "--logprobs " + likeliest + ": expected 0 to " + GenerationRequest.LIKELIEST_MAX);
        }
        if (screen && (promptArguments.isRaw() || json)) {
            throw CommandFailure.ofUsage((promptArguments.isRaw() ? "--raw" : "--json")
                    + " needs a prompt: -p TEXT, -f FILE or piped input");
        }
        if ("".equals(prompt)) {
            throw CommandFailure.ofUsage("--prompt is empty, expected some text");
        }
    }

    private String promptText() throws IOException {
        String fromFile = null;
        if (file != null && !file.toString().equals("-")) {
            fromFile = TextInput.read(file);
        } else if (file != null || prompt == null) {
            if (streams.inTerminal()) {
                streams.err().println("squall: type the prompt, then Ctrl-D on a line of its own");
            }
            fromFile = TextInput.read(streams.in(), "standard input");
        }
        String text = prompt == null ? "" : prompt;
        if (fromFile != null) {
            text = text.isEmpty() ? fromFile : text + "\n" + fromFile;
        }
        if (text.isEmpty()) {
            throw CommandFailure.ofUsage((file == null ? "standard input" : file.toString())
                    + " is empty, expected a prompt; or give one with -p TEXT");
        }
        return text;
    }
}
