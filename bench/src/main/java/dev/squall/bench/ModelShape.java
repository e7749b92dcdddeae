package dev.squall.bench;

import dev.squall.gguf.BlockType;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Everything that decides the size and the computation of a random model, but not its weights.
 *
 * @param family which architecture's tensors and keys the file has
 * @param layers number of blocks
 * @param experts experts a layer
 * @param used experts that a token goes to in each layer
 * @param width embedding length
 * @param expertWidth inner width of one expert
 * @param heads query heads
 * @param kvHeads key and value heads
 * @param headDim elements of one head
 * @param vocabulary number of tokens
 * @param contextTokens context length
 * @param blockType storage of the matrices; norms and routers are F32
 * @param finerType storage of those that files of mixed precision keep finer: the head, and the value and down matrices
 *     of about half of the layers
 */
record ModelShape(
        Family family,
        int layers,
        int experts,
        int used,
        int width,
        int expertWidth,
        int heads,
        int kvHeads,
        int headDim,
        int vocabulary,
        int contextTokens,
        BlockType blockType,
        BlockType finerType) {

    /** Architectures that a random model can have. */
    enum Family {
        QWEN3MOE("qwen3moe"),
        MIXTRAL("llama"),
        OLMOE("olmoe");

        private final String architecture;

        Family(String architecture) {
            this.architecture = architecture;
        }

        /** Value of general.architecture, and prefix of its keys. */
        String architecture() {
            return architecture;
        }
    }

    private static final Map<String, ModelShape> NAMED = named();

    ModelShape {
        Objects.requireNonNull(family);
        checkPositive("layers", layers);
        checkPositive("experts", experts);
        checkPositive("used", used);
        checkPositive("width", width);
        checkPositive("expert width", expertWidth);
        checkPositive("heads", heads);
        checkPositive("kv heads", kvHeads);
        checkPositive("head dim", headDim);
        checkPositive("context tokens", contextTokens);
        if (used > experts) {
            throw new BenchException("experts used=" + used + ", expected at most experts=" + experts);
        }
        if (heads % kvHeads != 0) {
            throw new BenchException("heads=" + heads + ", expected a multiple of kv heads=" + kvHeads);
        }
        if (headDim % 2 != 0) {
            throw new BenchException("head dim=" + headDim + ", expected an even number, for RoPE");
        }
        if (family != Family.QWEN3MOE && heads * headDim != width) {
            throw new BenchException("heads x head dim=" + heads * headDim + ", expected width=" + width + " in "
                    + family.architecture());
        }
        if (vocabulary < RandomVocabulary.TOKENS_MIN) {
            throw new BenchException("vocabulary=" + vocabulary + ", expected at least " + RandomVocabulary.TOKENS_MIN);
        }
        checkRow("width", width, blockType);
        checkRow("expert width", expertWidth, blockType);
        checkRow("heads x head dim", heads * headDim, blockType);
        checkRow("width", width, finerType);
        checkRow("expert width", expertWidth, finerType);
    }

    /** Whether a layer's value and down matrices are finer: the first and last eighth and each third between them. */
    boolean isFiner(int layer) {
        int eighth = layers / 8;
        return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
    }

    /** The shapes that have a name on the command line. */
    static Map<String, ModelShape> byName() {
        return NAMED;
    }

    private static Map<String, ModelShape> named() {
        BlockType q8 = BlockType.Q8_0;
        Map<String, ModelShape> shapes = new LinkedHashMap<>();
        shapes.put(
                "qwen3moe-1g", new ModelShape(Family.QWEN3MOE, 12, 32, 4, 1024, 768, 16, 4, 128, 32_000, 4096, q8, q8));
        shapes.put("mixtral-1g", new ModelShape(Family.MIXTRAL, 10, 8, 2, 1024, 3584, 8, 2, 128, 32_000, 4096, q8, q8));
        shapes.put("olmoe-1g", new ModelShape(Family.OLMOE, 10, 64, 8, 1024, 512, 8, 8, 128, 32_000, 4096, q8, q8));
        shapes.put("qwen3moe-tiny", new ModelShape(Family.QWEN3MOE, 2, 4, 2, 256, 256, 4, 2, 64, 512, 512, q8, q8));
        shapes.put("mixtral-tiny", new ModelShape(Family.MIXTRAL, 2, 4, 2, 256, 512, 4, 2, 64, 512, 512, q8, q8));
        shapes.put("olmoe-tiny", new ModelShape(Family.OLMOE, 2, 8, 3, 256, 256, 4, 4, 64, 512, 512, q8, q8));
        return Collections.unmodifiableMap(shapes);
    }

    private static void checkPositive(String subject, int value) {
        if (value < 1) {
            throw new BenchException(subject + "=" + value + ", expected at least 1");
        }
    }

    private static void checkRow(String subject, int elements, BlockType type) {
        if (elements % type.blockElements() != 0) {
            throw new BenchException(subject + "=" + elements + ", expected a multiple of " + type.blockElements()
                    + ", the block of " + type);
        }
    }
}
