package dev.squall.cli.loading;

import dev.squall.cli.process.CommandFailure;
import dev.squall.generate.LanguageModel;
import dev.squall.index.LuceneExpertMapStore;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.Pooling;
import dev.squall.routing.LayerRouting;
import dev.squall.routing.RoutingObserver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How much memory experts get, which of them are there, and what is remembered of that. */
public final class ExpertArguments {
    private static final Pattern DISTANCE = Pattern.compile("[1-9]\\d{0,3}");

    @Option(
            names = "--expert-cache",
            paramLabel = "auto|SIZE|N%",
            defaultValue = "auto",
            description =
                    "Memory for experts, as 512M or 8G, or as a share of what all take; they are read from the file "
                            + "past the page cache, or come to the device's memory. Default: auto, what machine or "
                            + "device have left; none if the whole file fits into the machine's memory, and experts are "
                            + "used where they lie in the mapped file.")
    private String expertCache = "auto";

    @Option(
            names = "--policy",
            paramLabel = "NAME",
            completionCandidates = PolicyNames.class,
            description = "What is loaded ahead into the --expert-cache and what gives up its place: "
                    + "lru, lfu, fifo, random, deepspeed, mixtral-offloading, promoe, moe-infinity, finemoe, squall, "
                    + "belady or oracle. Default: squall.")
    private @Nullable PolicyName policy;

    @Option(
            names = "--prefetch-distance",
            paramLabel = "auto|N",
            defaultValue = "auto",
            description = "Most layers ahead that experts are loaded. Default: auto, what suits policy and machine.")
    private String prefetchDistance = "auto";

    @Option(
            names = "--pooling",
            paramLabel = "last|mean|each",
            description =
                    "What the policy finemoe learns of a prompt: a map of its last token, the mean of all, or a map "
                            + "of each of some. Default: mean.")
    private @Nullable Pooling pooling;

    @Option(
            names = "--policy-trace",
            paramLabel = "FILE",
            description = "The recorded future that the policies belady and oracle replay.")
    private @Nullable Path policyTrace;

    @Option(
            names = "--index",
            paramLabel = "DIR",
            description =
                    "Keep what the policies squall and finemoe learn in this folder, a Lucene index, and begin with"
                            + " what it holds. Default: forget it at the end.")
    private @Nullable Path index;

    /** Offered by completion and help. */
    public static final class PolicyNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(PolicyName.values()).map(PolicyName::toString).iterator();
        }
    }

    /**
     * Checks what can be checked without the model.
     *
     * @throws CommandFailure if an option is out of range, or two contradict each other
     */
    void validate() {
        cacheSize();
        if (policy != null && policy.needsTrace() && policyTrace == null) {
            throw CommandFailure.ofUsage("--policy " + policy
                    + ": it replays a recorded future: record one with --trace-out and give it with --policy-trace");
        }
        if (index != null && !policyName().needsMaps()) {
            throw CommandFailure.ofUsage("--index " + index + ": the policy " + policyName()
                    + " learns no expert maps: use squall or finemoe");
        }
        prefetchDistance();
    }

    @Nullable
    Path policyTrace() {
        return policyTrace;
    }

    CacheSize cacheSize() {
        return CacheSize.parse(expertCache);
    }

    private PolicyName policyName() {
        return policy == null ? PolicyName.SQUALL : policy;
    }

    /** What the policy does beside its name. */
    PolicyOptions policyOptions() {
        PolicyOptions options = PolicyOptions.of(policyName())
                .withPrefetchDistance(prefetchDistance())
                .withPooling(pooling == null ? Pooling.MEAN : pooling)
                .withTrace(policyTrace);
        Path folder = index;
        if (folder == null) {
            return options;
        }
        return options.withMaps((shape, fingerprint) -> LuceneExpertMapStore.open(
                folder, shape, fingerprint, LuceneExpertMapStore.CAPACITY_DEFAULT, PolicyOptions.REDUNDANCY_DISTANCE));
    }

    /** What was asked of policies in vain. */
    List<String> notes(boolean hasCache) {
        List<String> notes = new ArrayList<>();
        if (!hasCache) {
            String reason = ", as the whole model fits into memory: give --expert-cache SIZE";
            if (index != null) {
                notes.add("--index " + index + " learns nothing" + reason);
            }
            for (String option : policyOptionsGiven()) {
                notes.add(option + " does nothing" + reason);
            }
        } else {
            if (pooling != null && policyName() != PolicyName.FINEMOE) {
                notes.add("--pooling " + pooling + " does nothing with the policy " + policyName()
                        + ": only finemoe pools what it learns of a prompt");
            }
            if (prefetchDistance() > 0 && !policyName().takesDistance()) {
                notes.add("--prefetch-distance " + prefetchDistance + " does nothing with the policy " + policyName()
                        + ": only mixtral-offloading, promoe, finemoe and squall look so many layers ahead");
            }
            if (policyTrace != null && !policyName().needsTrace()) {
                notes.add("--policy-trace " + policyTrace + " does nothing with the policy " + policyName()
                        + ": only belady and oracle replay what was recorded");
            }
        }
        return notes;
    }

    private List<String> policyOptionsGiven() {
        List<String> given = new ArrayList<>();
        if (policy != null) {
            given.add("--policy " + policy);
        }
        if (prefetchDistance() > 0) {
            given.add("--prefetch-distance " + prefetchDistance);
        }
        if (pooling != null) {
            given.add("--pooling " + pooling);
        }
        if (policyTrace != null) {
            given.add("--policy-trace " + policyTrace);
        }
        return given;
    }

    private int prefetchDistance() {
        if (prefetchDistance.equals("auto")) {
            return 0;
        }
        if (!DISTANCE.matcher(prefetchDistance).matches()) {
            throw CommandFailure.ofUsage(
                    "--prefetch-distance '" + prefetchDistance + "': expected auto, or 1 to 9999 layers");
        }
        return Integer.parseInt(prefetchDistance);
    }

    /** Has the model end the command where its policy replays a trace of something else. */
    void requireReplayed(LanguageModel loaded) {
        if (policyName().needsTrace()) {
            loaded.addObserver(new ReplayedTrace(loaded));
        }
    }

    /** Ends the command where the policy replays a trace of something else. */
    private final class ReplayedTrace implements RoutingObserver {
        private final LanguageModel loaded;

        ReplayedTrace(LanguageModel loaded) {
            this.loaded = loaded;
        }

        @Override
        public void onRouted(LayerRouting routing) {
            if (loaded.differsFromTrace()) {
                throw new CommandFailure("--policy-trace " + policyTrace + ": pass " + routing.pass()
                        + " uses other experts"
                        + " than recorded: " + policyName() + " replays the same prompts and options: record these with"
                        + " --trace-out, or use another policy");
            }
        }
    }
}
