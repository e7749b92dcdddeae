package dev.squall.cli.index;

import dev.squall.cli.process.CommandFailure;
import dev.squall.generate.Cancellation;
import dev.squall.generate.Conversation;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.gguf.GgufFile;
import dev.squall.index.MapIndexReader;
import dev.squall.model.ModelFingerprint;
import dev.squall.predict.MapShape;
import dev.squall.predict.Phase;
import dev.squall.predict.RoutingTrace;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Has a model answer a prompt and tells what the passes of the answer's tokens used, to compare with an index. */
final class PromptPasses {
    private final MapIndexReader reader;
    private final MapLayers layers;

    PromptPasses(MapIndexReader reader, MapLayers layers) {
        this.reader = reader;
        this.layers = layers;
    }

    /**
     * The passes of one token, from a trace of the answer.
     *
     * @throws CommandFailure if the index was learnt with another model, or there is no such pass
     */
    List<AskedPass> of(String prompt, Path model, int tokens) throws IOException {
        requireModel(model);
        Path traceFile = Files.createTempFile("squall-query", ".trace");
        try {
            try (LanguageModel loaded =
                    LanguageModel.builder(model).traceOut(traceFile).load()) {
                answer(loaded, prompt, tokens);
            }
            RoutingTrace trace = RoutingTrace.read(traceFile);
            if (trace.shape().layerCount() != layers.layerCount()) {
                throw new CommandFailure("index " + reader.folder() + " has maps of " + layers.layerCount()
                        + " layers, expected " + trace.shape().layerCount() + ", those of " + model
                        + ": squall index check tells what is damaged");
            }
            List<AskedPass> asked = passes(trace);
            if (asked.isEmpty()) {
                throw new CommandFailure("the answer ended at its first token, so no pass of one token can be compared:"
                        + " ask something else");
            }
            return asked;
        } finally {
            Files.delete(traceFile);
        }
    }

    private void requireModel(Path model) throws IOException {
        String fingerprint;
        try (GgufFile file = GgufFile.open(model)) {
            fingerprint = ModelFingerprint.of(file);
        }
        if (!fingerprint.equals(reader.index().model())) {
            throw new CommandFailure("index " + reader.folder() + " is of model "
                    + reader.index().model() + ", but " + model + " is " + fingerprint
                    + ": give the model that it was learnt with (-m)");
        }
    }

    private static void answer(LanguageModel loaded, String prompt, int tokens) {
        try (Session session = loaded.newSession()) {
            Conversation conversation = new Conversation(
                    session,
                    loaded.tokenizer(),
                    loaded.chatTemplate()
                            .orElseThrow(
                                    () -> new CommandFailure("the model has no chat template, which query needs")));
            conversation.reply(
                    prompt,
                    new Conversation.ReplyOptions(tokens, SamplingOptions.greedy(), -1, new Cancellation()),
                    TokenListener.NONE);
        }
    }

    /** A map of two passes begins with the one before, of which nothing is asked. */
    private List<AskedPass> passes(RoutingTrace trace) {
        MapShape shape = reader.index().shape();
        List<AskedPass> asked = new ArrayList<>();
        for (int i = layers.passes() - 1; i < trace.passes().size(); i++) {
            RoutingTrace.Pass pass = trace.passes().get(i);
            if (pass.phase() != Phase.DECODE) {
                continue;
            }
            float[] probabilities = new float[shape.probabilityCount()];
            boolean[][] used = new boolean[shape.layerCount()][shape.expertCount()];
            for (int row = 0; row < layers.rows(); row++) {
                int passesBefore = layers.isBefore(row) ? 1 : 0;
                RoutingTrace.Pass source = trace.passes().get(i - passesBefore);
                int n = shape.expertCount();
                int lastToken = source.positions().length - 1;
                RoutingTrace.Layer observed = source.layers().get(layers.layer(row));
                System.arraycopy(observed.probabilities(), lastToken * n, probabilities, row * n, n);
                for (int expert = 0; expert < n; expert++) {
                    used[row][expert] = !layers.isBefore(row) && observed.counts()[expert] > 0;
                }
            }
            asked.add(new AskedPass(pass.embeddings(), probabilities, used));
        }
        return asked;
    }
}
