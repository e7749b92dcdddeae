package dev.squall.model;

import dev.squall.model.TinyModel.Mix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The tiny models that golden files are made of. */
public final class TinyModels {
    private static final long SEED = 20261122;

    private static final List<String> FAMILIES =
            List.of("llama", "qwen2moe", "qwen3moe", "olmoe", "phimoe", "granitemoe", "gpt-oss", "deepseek2");

    /** What differs from its family in a way that block types have no part in. */
    private static final List<String> VARIANTS =
            List.of("llama-tied", "phimoe-long", "granitemoe-shared", "deepseek2-lite");

    private TinyModels() {}

    /**
     * One of them.
     *
     * @param family as {@link TinyModel#of} names it
     * @param mix the block types
     */
    public record Case(String family, Mix mix) {
        public String fileName() {
            return family + "-" + mix + ".gguf";
        }

        public TinyModel model() {
            return TinyModel.of(family, mix, SEED + family.length());
        }
    }

    /** Every architecture in every mix, and the variants in one. */
    public static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        for (String family : FAMILIES) {
            for (Mix mix : List.of(Mix.F16, Mix.Q8_0, Mix.Q4_0, Mix.Q4_K_M)) {
                cases.add(new Case(family, mix));
            }
        }
        cases.add(new Case("gpt-oss", Mix.MXFP4));
        for (String variant : VARIANTS) {
            cases.add(new Case(variant, Mix.Q8_0));
        }
        return cases;
    }

    /** Writes all of them into the folder given as argument, for golden/architectures/generate.mjs. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        Files.createDirectories(folder);
        for (Case tiny : all()) {
            tiny.model().write(folder.resolve(tiny.fileName()));
        }
    }
}
