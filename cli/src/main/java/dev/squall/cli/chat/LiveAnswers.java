package dev.squall.cli.chat;

import dev.squall.cli.answer.AnswerListener;
import dev.squall.cli.answer.Statistics;
import dev.squall.cli.terminal.TerminalText;
import dev.squall.compute.DeviceException;
import dev.squall.expert.ExpertLoadException;
import dev.squall.generate.Cancellation;
import dev.squall.generate.Conversation;
import dev.squall.generate.GenerationResult;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.TokenListener;
import dev.squall.predict.PredictionException;
import dev.squall.sampling.SamplingOptions;
import java.io.PrintWriter;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;

/**
 * Has answers made and shows them as they are made. An interrupt stops one, and what was said is kept; it arrives on a
 * thread of its own, which touches only the cancellation.
 */
final class LiveAnswers {
    private final LanguageModel model;
    private final ChatDisplay display;
    private final Terminal terminal;
    private final Runnable leaveInterrupted;

    /** Has the conversation make an answer, the first or another one. */
    @FunctionalInterface
    interface Answering {
        Conversation.Reply answer(Conversation.ReplyOptions options, TokenListener listener);
    }

    /** @param leaveInterrupted called on a signal's thread when an answer is interrupted for the second time */
    LiveAnswers(LanguageModel model, ChatDisplay display, Runnable leaveInterrupted) {
        this.model = model;
        this.display = display;
        this.leaveInterrupted = leaveInterrupted;
        terminal = display.terminal();
    }

    /** @param tokensMax most tokens of the answer, -1 for no limit */
    GenerationResult show(SamplingOptions sampling, int tokensMax, Answering answering) {
        PrintWriter writer = terminal.writer();
        AnswerListener listener = new AnswerListener(
                text -> {
                    writer.print(TerminalText.printable(text));
                    writer.flush();
                },
                display.notesPalette().colour() ? display.notes() : null);
        Conversation.Reply reply = answer(sampling, tokensMax, answering, listener);
        GenerationResult result = reply.result();
        writer.print(TerminalText.printable(result.text().substring(listener.charactersHeard())));
        if (!result.text().isEmpty() && !result.text().endsWith("\n")) {
            display.say("");
        }
        if (reply.turnsForgotten() > 0) {
            display.note("squall: the chat outgrew the context of %d tokens: forgot the oldest %s"
                    .formatted(
                            model.contextTokensMax(),
                            reply.turnsForgotten() == 1 ? "turn" : reply.turnsForgotten() + " turns"));
        }
        display.note(Statistics.line(result, sampling.seed()));
        return result;
    }

    private Conversation.Reply answer(
            SamplingOptions sampling, int tokensMax, Answering answering, AnswerListener listener) {
        Cancellation cancellation = new Cancellation();
        Conversation.ReplyOptions options = new Conversation.ReplyOptions(
                tokensMax == -1 ? model.contextTokensMax() : tokensMax, sampling, -1, cancellation);
        Terminal.SignalHandler earlier = terminal.handle(Terminal.Signal.INT, signal -> interrupt(cancellation));
        Attributes attributes = withoutEcho();
        try {
            return answering.answer(options, listener);
        } catch (DeviceException | ExpertLoadException | PredictionException e) {
            if (listener.charactersHeard() > 0) {
                display.say("");
            }
            throw e;
        } finally {
            listener.end();
            terminal.setAttributes(attributes);
            terminal.handle(Terminal.Signal.INT, earlier);
        }
    }

    private void interrupt(Cancellation cancellation) {
        if (cancellation.isCancelled()) {
            display.say("");
            leaveInterrupted.run();
        }
        cancellation.cancel();
    }

    /** Keys pressed during an answer must not appear in the midst of it; they are there for the next line. */
    private Attributes withoutEcho() {
        Attributes attributes = terminal.getAttributes();
        Attributes quiet = new Attributes(attributes);
        quiet.setLocalFlag(Attributes.LocalFlag.ECHO, false);
        terminal.setAttributes(quiet);
        return attributes;
    }
}
