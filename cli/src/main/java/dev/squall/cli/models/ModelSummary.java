package dev.squall.cli.models;

import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufFormatException;
import dev.squall.gguf.GgufMetadata;
import dev.squall.gguf.GgufTensor;
import dev.squall.gguf.GgufValue;
import dev.squall.model.Hyperparameters;
import dev.squall.model.ModelException;
import dev.squall.model.ModelWeights;
import dev.squall.tokenizer.Tokenizer;
import dev.squall.tokenizer.TokenizerException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a model's file is, read from its header alone, whether Squall runs it or not.
 *
 * @param file the file, or the first part
 * @param parts how many files the model is in
 * @param bytes the size of all parts
 * @param name what its makers call it, null if the file does not say
 * @param architecture the family
 * @param refusal why Squall does not run it, null if it does
 * @param parameters numbers in all tensors
 * @param activeParameters numbers that one token is computed with: all but the embeddings and the experts not used
 * @param layers transformer blocks, -1 if the file does not say, as below
 * @param embedding width of the hidden state
 * @param heads query heads
 * @param headsKv key/value heads
 * @param contextTrained positions the model was trained for
 * @param experts routed experts of a layer
 * @param expertsUsed experts used for a token
 * @param expertBytesMin bytes of an expert in the layer where they are smallest, 0 without experts
 * @param expertBytesMax bytes of an expert in the layer where they are largest
 * @param expertBytesTotal bytes of all experts
 * @param tokenizer the vocabulary's kind and, if the file names one, its splitting
 * @param vocabulary how many tokens there are, -1 if the file has no vocabulary
 * @param templateCharacters length of the chat template, 0 if there is none
 * @param contextTokens the context that a chat gets by default
 * @param contextBytes keys and values of that context, 0 if Squall does not run the model
 * @param tensors the tensors by class and type
 */
record ModelSummary(
        Path file,
        int parts,
        long bytes,
        @Nullable String name,
        String architecture,
        @Nullable String refusal,
        long parameters,
        long activeParameters,
        int layers,
        int embedding,
        int heads,
        int headsKv,
        int contextTrained,
        int experts,
        int expertsUsed,
        long expertBytesMin,
        long expertBytesMax,
        long expertBytesTotal,
        String tokenizer,
        int vocabulary,
        int templateCharacters,
        int contextTokens,
        long contextBytes,
        List<TensorGroup> tensors) {

    /** What a tensor is for. */
    enum TensorClass {
        EMBEDDING,
        ATTENTION,
        ROUTER,
        EXPERTS,
        SHARED_EXPERT,
        DENSE,
        NORM,
        OUTPUT,
        OTHER;

        String title() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }

        static TensorClass of(String tensor) {
            String part = tensor.replaceFirst("^blk\\.\\d+\\.", "");
            if (part.startsWith("token_embd.")) {
                return EMBEDDING;
            } else if (part.startsWith("output.")) {
                return OUTPUT;
            } else if (part.contains("norm")) {
                return NORM;
            } else if (part.startsWith("ffn_gate_inp.") || part.startsWith("exp_probs")) {
                return ROUTER;
            } else if (part.contains("_exps.")) {
                return EXPERTS;
            } else if (part.contains("shexp")) {
                return SHARED_EXPERT;
            } else if (part.startsWith("attn_")) {
                return ATTENTION;
            } else if (part.startsWith("ffn_")) {
                return DENSE;
            }
            return OTHER;
        }
    }

    /**
     * The tensors of one class and type.
     *
     * @param tensorClass what they are for
     * @param type how they are stored
     * @param count how many there are
     * @param bytes their size together
     */
    record TensorGroup(TensorClass tensorClass, String type, int count, long bytes) {}

    ModelSummary {
        tensors = List.copyOf(tensors);
    }

    static ModelSummary of(GgufFile file, int contextTokensDefault) {
        GgufMetadata metadata = file.metadata();
        String architecture = metadata.stringOrElse("general.architecture", "unknown");
        String refusal = null;
        int contextTokens = 0;
        long contextBytes = 0;
        try {
            Hyperparameters h = Hyperparameters.of(file);
            ModelWeights.bind(file, h, Tokenizer.fromMetadata(metadata).vocabularySize());
            contextTokens = Math.min(h.contextLength(), contextTokensDefault);
            contextBytes = contextTokens * h.cacheBytesPerPosition();
        } catch (ModelException | TokenizerException | GgufFormatException e) {
            refusal = e.getMessage();
        }
        Keys keys = new Keys(metadata, architecture + ".");
        int experts = keys.number("expert_count");
        int expertsUsed = keys.number("expert_used_count");
        ExpertSizes sizes = ExpertSizes.of(file, experts);
        long parameters = elements(file, tensorClass -> true);
        long expertParameters = elements(file, tensorClass -> tensorClass == TensorClass.EXPERTS);
        long embeddings = elements(file, tensorClass -> tensorClass == TensorClass.EMBEDDING);
        boolean tied = file.find("output.weight").isEmpty();
        long unused = experts > 0 && expertsUsed > 0 ? expertParameters / experts * (experts - expertsUsed) : 0;
        return new ModelSummary(
                file.paths().getFirst(),
                file.paths().size(),
                file.bytes(),
                metadata.find("general.name").isPresent() ? text(metadata, "general.name") : null,
                architecture,
                refusal,
                parameters,
                // A tied embedding is also the output head, which every token needs.
                parameters - unused - (tied ? 0 : embeddings),
                keys.number("block_count"),
                keys.number("embedding_length"),
                keys.number("attention.head_count"),
                keys.number("attention.head_count_kv"),
                keys.number("context_length"),
                experts,
                expertsUsed,
                sizes.min(),
                sizes.max(),
                sizes.total(),
                tokenizerName(metadata),
                metadata.find("tokenizer.ggml.tokens").orElse(null) instanceof GgufValue.Array tokens
                        ? tokens.length()
                        : -1,
                text(metadata, "tokenizer.chat_template").length(),
                contextTokens,
                contextBytes,
                groups(file));
    }

    private static String tokenizerName(GgufMetadata metadata) {
        String model = text(metadata, "tokenizer.ggml.model");
        String splitting = text(metadata, "tokenizer.ggml.pre");
        return (model.isEmpty() ? "none" : model) + (splitting.isEmpty() ? "" : " (" + splitting + ")");
    }

    /** A string, empty if there is none: a report must not stop at a key of the wrong type. */
    private static String text(GgufMetadata metadata, String key) {
        return metadata.find(key).orElse(null) instanceof GgufValue.Text(String text) ? text : "";
    }

    private static long elements(GgufFile file, Predicate<TensorClass> which) {
        return file.tensors().values().stream()
                .filter(tensor -> which.test(TensorClass.of(tensor.name())))
                .mapToLong(GgufTensor::elements)
                .sum();
    }

    private static List<TensorGroup> groups(GgufFile file) {
        Map<TensorClass, Map<String, TensorGroup>> byClass = new EnumMap<>(TensorClass.class);
        for (GgufTensor tensor : file.tensors().values()) {
            TensorClass tensorClass = TensorClass.of(tensor.name());
            String type = tensor.type().name();
            byClass.computeIfAbsent(tensorClass, absent -> new TreeMap<>())
                    .merge(
                            type,
                            new TensorGroup(tensorClass, type, 1, tensor.bytes()),
                            (a, b) -> new TensorGroup(tensorClass, type, a.count() + 1, a.bytes() + b.bytes()));
        }
        List<TensorGroup> groups = new ArrayList<>();
        byClass.values().forEach(types -> groups.addAll(types.values()));
        return groups;
    }

    private record Keys(GgufMetadata metadata, String prefix) {
        int number(String key) {
            Optional<GgufValue> value = metadata.find(prefix + key);
            return value.orElse(null) instanceof GgufValue.Whole whole && whole.value() == (int) whole.value()
                    ? (int) whole.value()
                    : -1;
        }
    }

    /** An expert is a slice of three tensors of its layer; mixed quantisation makes layers differ. */
    private record ExpertSizes(long min, long max, long total) {
        static ExpertSizes of(GgufFile file, int experts) {
            Map<String, Long> byLayer = new TreeMap<>();
            for (GgufTensor tensor : file.tensors().values()) {
                if (TensorClass.of(tensor.name()) == TensorClass.EXPERTS) {
                    byLayer.merge(tensor.name().replaceFirst("\\.ffn_.*", ""), tensor.bytes(), Long::sum);
                }
            }
            if (byLayer.isEmpty() || experts < 1) {
                return new ExpertSizes(0, 0, 0);
            }
            return new ExpertSizes(
                    byLayer.values().stream().mapToLong(Long::longValue).min().orElse(0) / experts,
                    byLayer.values().stream().mapToLong(Long::longValue).max().orElse(0) / experts,
                    byLayer.values().stream().mapToLong(Long::longValue).sum());
        }
    }
}
