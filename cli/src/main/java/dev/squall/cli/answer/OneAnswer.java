package dev.squall.cli.answer;

import dev.squall.cli.loading.ModelArguments;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.Palette;
import dev.squall.cli.terminal.TerminalText;
import dev.squall.compute.DeviceException;
import dev.squall.expert.ExpertLoadException;
import dev.squall.generate.Cancellation;
import dev.squall.generate.Conversation;
import dev.squall.generate.GenerationRequest;
import dev.squall.generate.GenerationResult;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.predict.PredictionException;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** One prompt, one answer: its text as it is made, or a JSON object when it is done. */
public final class OneAnswer {
    /**
     * What to answer, and how.
     *
     * @param prompt the user's message, or with {@code raw} the text to continue
     * @param raw whether the text goes to the model as it is
     * @param tokensMax most tokens of the answer, -1 for no limit
     * @param likeliest as in {@link GenerationRequest}
     */
    public record Question(
            String prompt,
            @Nullable String system,
            boolean raw,
            int tokensMax,
            SamplingOptions sampling,
            int likeliest) {}

    private final LanguageModel model;
    private final ModelArguments arguments;
    private final Streams streams;
    private final Palette palette;

    public OneAnswer(LanguageModel model, ModelArguments arguments, Streams streams, Palette palette) {
        this.model = model;
        this.arguments = arguments;
        this.streams = streams;
        this.palette = palette;
    }

    public int text(Question question) {
        PrintStream out = streams.out();
        Cancellation cancellation = new Cancellation();
        AnswerListener listener = new AnswerListener(
                text -> {
                    print(text);
                    if (out.checkError()) {
                        cancellation.cancel();
                    }
                },
                streams.errTerminal() && palette.colour() ? streams.err() : null);
        GenerationResult result;
        try {
            result = generate(question, cancellation, listener);
        } catch (DeviceException | ExpertLoadException | PredictionException e) {
            if (listener.charactersHeard() > 0) {
                out.println();
            }
            throw e;
        } finally {
            listener.end();
        }
        print(result.text().substring(listener.charactersHeard()));
        if (out.checkError()) {
            return ExitCode.FAILED;
        }
        if (!result.text().isEmpty() && !result.text().endsWith("\n")) {
            out.println();
        }
        streams.err()
                .println(palette.dim(Statistics.line(result, question.sampling().seed())));
        return ExitCode.FINE;
    }

    private void print(String text) {
        streams.out().print(streams.outTerminal() ? TerminalText.printable(text) : text);
        streams.out().flush();
    }

    public int json(Question question) throws IOException {
        GenerationResult result = generate(question, new Cancellation(), TokenListener.NONE);
        AnswerJson.write(streams.out(), model, arguments, question, result);
        return ExitCode.FINE;
    }

    private GenerationResult generate(Question question, Cancellation cancellation, TokenListener listener) {
        int tokensMax = question.tokensMax() == -1 ? model.contextTokensMax() : question.tokensMax();
        try (Session session = model.newSession()) {
            if (question.raw()) {
                int[] prompt = model.tokenizer().encodePrompt(question.prompt());
                return session.generate(
                        new GenerationRequest(
                                prompt, tokensMax, question.sampling(), question.likeliest(), cancellation),
                        listener);
            }
            Conversation conversation = new Conversation(session, model.tokenizer(), Templates.of(model));
            conversation.setSystem(question.system());
            return conversation
                    .reply(
                            question.prompt(),
                            new Conversation.ReplyOptions(
                                    tokensMax, question.sampling(), question.likeliest(), cancellation),
                            listener)
                    .result();
        }
    }
}
