package dev.squall.generate;

import java.util.List;

/**
 * A finished generation.
 *
 * @param text the answer, decoded; control tokens have no text
 * @param prompt the prompt's tokens, scored if the request asked for log-probabilities and the session had none of
 *     them cached; otherwise without scores; none of them from a {@link BatchGenerator}, whose caller has them
 * @param answer the answer's tokens, an end-of-generation token included
 * @param stopReason why it ended
 * @param metrics what it cost
 */
public record GenerationResult(
        String text,
        List<ScoredToken> prompt,
        List<ScoredToken> answer,
        StopReason stopReason,
        GenerationMetrics metrics) {
    public GenerationResult {
        prompt = List.copyOf(prompt);
        answer = List.copyOf(answer);
    }
}
