package dev.squall.cli.loading;

import dev.squall.cli.option.Sizes;
import dev.squall.cli.process.AvailableMemory;
import dev.squall.cli.process.CommandFailure;
import dev.squall.expert.DirectExpertReader;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.generate.LanguageModel;
import dev.squall.gguf.GgufFile;
import dev.squall.model.Hyperparameters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much memory experts get: bytes, a share of what all experts take, or what the machine has left.
 *
 * @param bytes 0 where a share was given, or nothing
 * @param percent 0 where bytes were given, or nothing
 */
record CacheSize(long bytes, double percent) {
    private static final CacheSize AUTO = new CacheSize(0, 0);

    /** What of the available memory is taken; the rest is for other programs and for what grows. */
    private static final double SHARE_OF_AVAILABLE = 0.85;

    /** Java's heap, code and threads, and scratch memory. */
    private static final long RUNTIME_BYTES = 256L << 20;

    private static final Pattern SHARE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?) ?%");

    /** Reads {@code auto}, {@code 512M}, {@code 8G}, {@code 1.5g}, {@code 25%}. */
    static CacheSize parse(String text) {
        if (text.strip().equalsIgnoreCase("auto")) {
            return AUTO;
        }
        Matcher share = SHARE.matcher(text.strip());
        if (share.matches()) {
            double percent = Double.parseDouble(share.group(1));
            if (!(percent > 0 && percent <= 100)) {
                throw CommandFailure.ofUsage("--expert-cache " + text + ": expected above 0 to 100 %");
            }
            return new CacheSize(0, percent);
        }
        return new CacheSize(
                Sizes.parse("--expert-cache", text, "a size such as 512M or 8G, a share of all experts: 25%, or auto"),
                0);
    }

    /** What it means for a device, whose own memory is the cache; empty for as many experts as fit. */
    Optional<ExpertCacheOptions> optionsForDevice() {
        if (bytes > 0) {
            return Optional.of(new ExpertCacheOptions(bytes, false));
        }
        return percent > 0 ? Optional.of(ExpertCacheOptions.ofShare(percent / 100, false)) : Optional.empty();
    }

    /**
     * What it means for a model; empty if its experts are best used where they lie in the mapped file, because
     * the whole file fits into memory. Experts are read past the page cache where the model's file system can.
     *
     * @param contextTokens of a session; 0 for the default
     * @param sequences sessions that may be open at once
     * @throws CommandFailure if not even one layer's experts fit beside the rest
     */
    Optional<ExpertCacheOptions> optionsFor(Path model, int contextTokens, int sequences, AvailableMemory memory)
            throws IOException {
        boolean direct = DirectExpertReader.canRead(model);
        if (bytes > 0) {
            return Optional.of(new ExpertCacheOptions(bytes, direct));
        }
        if (percent > 0) {
            return Optional.of(ExpertCacheOptions.ofShare(percent / 100, direct));
        }
        try (GgufFile file = GgufFile.open(model)) {
            long all = file.tensors().values().stream()
                    .filter(tensor -> tensor.name().endsWith("_exps.weight"))
                    .mapToLong(tensor -> tensor.bytes())
                    .sum();
            OptionalLong left = whatIsLeft(file, all, contextTokens, sequences, memory);
            return left.isEmpty() ? Optional.empty() : Optional.of(new ExpertCacheOptions(left.getAsLong(), direct));
        }
    }

    private static OptionalLong whatIsLeft(
            GgufFile file, long expertBytes, int contextTokens, int sequences, AvailableMemory memory)
            throws IOException {
        OptionalLong available = memory.bytes();
        if (available.isEmpty()) {
            return OptionalLong.empty();
        }
        Hyperparameters h = Hyperparameters.of(file);
        // A context beyond the model's own is refused when the model is loaded, whatever memory it would take.
        int tokens =
                Math.min(h.contextLength(), contextTokens > 0 ? contextTokens : LanguageModel.CONTEXT_TOKENS_DEFAULT);
        long others = file.bytes() - expertBytes + h.cacheBytesPerPosition() * tokens * sequences + RUNTIME_BYTES;
        long left = (long) (available.getAsLong() * SHARE_OF_AVAILABLE) - others;
        if (left >= expertBytes) {
            return OptionalLong.empty();
        }
        long layer = expertBytes / Math.max(1, h.blockCount() - h.denseBlockCount());
        if (left < layer) {
            throw new CommandFailure(
                    "%s needs %s beside its experts and %s for those of a layer, and there are %s: free memory, use a smaller --ctx-size, --concurrency or model"
                            .formatted(
                                    file.paths().getFirst(),
                                    Sizes.bytes(others),
                                    Sizes.bytes(layer),
                                    Sizes.bytes(available.getAsLong())));
        }
        return OptionalLong.of(left);
    }
}
