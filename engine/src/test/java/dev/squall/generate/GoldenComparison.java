package dev.squall.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Compares answers with llama.cpp's. Continuations must be the same, except that they may part at a near tie: where
 * llama.cpp's own choice is second with a probability not much below the likeliest token's.
 */
final class GoldenComparison {
    private static final int LIKELIEST = 40;

    private final double nearTie;
    private final List<String> parted = new ArrayList<>();
    private final List<OtherChoice> otherChoices = new ArrayList<>();
    private final List<Double> differences = new ArrayList<>();
    private int steps;
    private int nearTies;

    /**
     * What llama.cpp made of a prompt.
     *
     * @param top for each step [token, probability] of the likeliest
     */
    record Golden(String id, int[] tokens, int[] greedy, JsonNode top) {
        Golden firstSteps(int most) {
            return new Golden(id, tokens, Arrays.copyOf(greedy, Math.min(most, greedy.length)), top);
        }
    }

    /**
     * A step of llama.cpp's answer where Squall would have chosen another token.
     *
     * @param gap by how much llama.cpp found its own token more probable than the next one
     */
    record OtherChoice(String id, int step, double gap) {}

    /** @param nearTie the two likeliest tokens are at a near tie if their probabilities differ by less */
    GoldenComparison(double nearTie) {
        this.nearTie = nearTie;
    }

    static List<Golden> read(String resource) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<Golden> goldens = new ArrayList<>();
        try (InputStream file = GoldenComparison.class.getResourceAsStream(resource)) {
            if (file == null) {
                throw new IllegalStateException("no golden file " + resource);
            }
            for (String line : new String(file.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                JsonNode golden = json.readTree(line);
                goldens.add(new Golden(
                        golden.get("id").asText(),
                        json.convertValue(golden.get("tokens"), int[].class),
                        json.convertValue(golden.get("greedy"), int[].class),
                        golden.get("top")));
            }
        }
        return goldens;
    }

    void compare(Session session, Golden golden) {
        List<ScoredToken> scored = scoreLlamaCppsAnswer(session, golden);
        int agreed = scored.size();
        for (int step = scored.size() - 1; step >= 0; step--) {
            if (scored.get(step).likeliest().getFirst().token() != golden.greedy[step]) {
                JsonNode top = golden.top.get(step);
                double gap = top.get(0).get(1).asDouble() - top.get(1).get(1).asDouble();
                otherChoices.add(new OtherChoice(golden.id, step, gap));
                agreed = step;
            }
        }
        steps += scored.size();
        if (agreed == scored.size()) {
            int[] answer = answer(session, golden);
            assertThat(answer).as(golden.id).containsExactly(Arrays.copyOf(golden.greedy, answer.length));
        } else if (isNearTie(scored.get(agreed))) {
            nearTies++;
        } else {
            parted.add(golden.id + " at step " + agreed);
        }
        collectDifferences(golden, scored);
    }

    /** Continuations that part where there is no near tie: prompt and step. */
    List<String> parted() {
        return parted;
    }

    /** Continuations that part at a near tie. */
    int nearTies() {
        return nearTies;
    }

    /** All steps of llama.cpp's answers where Squall would have chosen another token, given the same text before. */
    List<OtherChoice> otherChoices() {
        return otherChoices;
    }

    int steps() {
        return steps;
    }

    /** How far the probabilities of the golden file are from ours. */
    List<Double> differences() {
        return differences;
    }

    double meanDifference() {
        return differences.stream().mapToDouble(d -> d).average().orElseThrow();
    }

    long differencesAbove(double bound) {
        return differences.stream().filter(d -> d > bound).count();
    }

    private static int[] answer(Session session, Golden golden) {
        GenerationRequest request = GenerationRequest.of(golden.tokens, golden.greedy.length, SamplingOptions.greedy());
        return session.generate(request, TokenListener.NONE).answer().stream()
                .mapToInt(ScoredToken::token)
                .toArray();
    }

    /** What Squall finds likeliest at each step of llama.cpp's own answer. */
    private static List<ScoredToken> scoreLlamaCppsAnswer(Session session, Golden golden) {
        int[] timeline = Arrays.copyOf(golden.tokens, golden.tokens.length + golden.greedy.length);
        System.arraycopy(golden.greedy, 0, timeline, golden.tokens.length, golden.greedy.length);
        GenerationRequest request =
                new GenerationRequest(timeline, 0, SamplingOptions.greedy(), LIKELIEST, new Cancellation());
        List<ScoredToken> prompt = session.generate(request, TokenListener.NONE).prompt();
        return prompt.subList(golden.tokens.length, prompt.size());
    }

    private boolean isNearTie(ScoredToken step) {
        double first = step.likeliest().get(0).logProbability();
        return step.token() == step.likeliest().get(1).token()
                && Math.exp(first) - Math.exp(step.logProbability()) < nearTie;
    }

    private void collectDifferences(Golden golden, List<ScoredToken> steps) {
        for (int step = 0; step < Math.min(steps.size(), golden.top.size()); step++) {
            for (JsonNode expected : golden.top.get(step)) {
                int token = expected.get(0).asInt();
                double actual = steps.get(step).likeliest().stream()
                        .filter(likely -> likely.token() == token)
                        .mapToDouble(likely -> Math.exp(likely.logProbability()))
                        .findFirst()
                        .orElse(0);
                differences.add(Math.abs(actual - expected.get(1).asDouble()));
            }
        }
    }
}
