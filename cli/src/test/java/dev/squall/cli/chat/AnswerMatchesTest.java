package dev.squall.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.cli.answer.Templates;
import dev.squall.cli.loading.DemoModel;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.generate.Cancellation;
import dev.squall.generate.Conversation;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class AnswerMatchesTest {
    @Test
    void findsTheSamePassOfAnEarlierConversation() throws IOException {
        Path file = DemoModel.locate(Path.of("target"), System.err);
        try (LanguageModel model = LanguageModel.builder(file)
                .threads(2)
                .expertCache(ExpertCacheOptions.ofShare(0.5, false))
                .load()) {
            AnswerMatches matches = new AnswerMatches(model);
            model.addObserver(matches);
            assertThat(matches.lines(0)).containsExactly("no answer yet; 0 maps");
            answer(model, "Hello", 2);
            assertThat(matches.lines(0))
                    .containsExactly("nothing is learnt yet: maps are kept when what follows them is known");
            for (int i = 0; i < 3; i++) {
                answer(model, "Tell me a story about a fox named Mia.", 80);
            }
            // The policy hears of passes on a thread of its own, a little later.
            Pattern samePassOfTheSecond = Pattern.compile(" +1\\.0000 +100 % +2 +\\d+ +decode +\\d+ %  \\d{4}-.*");
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            List<String> lines = matches.lines(0);
            while (lines.stream().noneMatch(samePassOfTheSecond.asMatchPredicate()) && System.nanoTime() < deadline) {
                lines = matches.lines(0);
            }
            assertThat(lines.get(0)).startsWith("the last token is most like these of ");
            assertThat(lines.get(2)).matches(samePassOfTheSecond);
            assertThat(matches.lines(80))
                    .as("no word is broken where the terminal ends")
                    .allMatch(line -> line.length() <= 80);
        }
    }

    private static void answer(LanguageModel model, String question, int tokens) throws IOException {
        Conversation.ReplyOptions options =
                new Conversation.ReplyOptions(tokens, SamplingOptions.greedy(), -1, new Cancellation());
        try (Session session = model.newSession()) {
            new Conversation(session, model.tokenizer(), Templates.of(model))
                    .reply(question, options, TokenListener.NONE);
        }
    }
}
