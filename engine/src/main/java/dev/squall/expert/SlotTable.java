package dev.squall.expert;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which expert is in which slot, what is on its way, what is wanted and what goes to make room. It has no threads, no
 * memory and no clock: the cache drives it under its lock, the simulator in modelled time, so that both decide alike.
 *
 * <p>L layers with experts, J experts of each; visits are counted as in {@link Resident}.
 */
public final class SlotTable {
    /** Weight of the newest measurement in a running mean. */
    private static final double NEWEST = 0.05;

    private final int layerCount;
    private final int expertCount;
    private final Eviction eviction;
    private final Slot[] slots;
    /** By layer and expert: the slot that holds it or is being loaded with it. */
    private final @Nullable Slot[] slotOf;

    private final int[] residentsOfLayer;
    private final long[] useCounts;
    private final double[] probabilities;
    private final double[] rates;
    /** What is named for the coming visit of a layer, and how urgently; 0 for what is not. */
    private final double[] priorities;

    private final boolean[] isNamed;
    /** By layer the visit that probabilities and priorities are for; -1 for none. */
    private final long[] forecastVisits;

    private final @Nullable Slot[] held;
    private final View view = new View();

    private long now = -1;
    private long loadOrder;
    private int demandsLoading;
    private boolean isLoadingAhead;
    private double copyNanos;
    private double layerNanos;
    private double missesPerVisit;

    private long hits;
    private long misses;
    private long timely;
    private long late;
    private long wasted;
    private long loads;
    private long bytesLoaded;
    private long bytesLoadedAhead;
    private long predicted;
    private long predictedUsed;

    /**
     * @param layerCount L
     * @param expertCount J
     * @param slotCount at least J, so that any layer can be served
     */
    public SlotTable(int layerCount, int expertCount, int slotCount, Eviction eviction) {
        if (slotCount < expertCount) {
            throw new IllegalArgumentException(
                    slotCount + " slots, expected at least " + expertCount + ", one layer's experts");
        }
        this.layerCount = layerCount;
        this.expertCount = expertCount;
        this.eviction = eviction;
        slots = new Slot[slotCount];
        Arrays.setAll(slots, Slot::new);
        slotOf = new Slot[layerCount * expertCount];
        residentsOfLayer = new int[layerCount];
        useCounts = new long[slotOf.length];
        probabilities = new double[slotOf.length];
        rates = new double[slotOf.length];
        Arrays.fill(rates, 1.0 / expertCount);
        priorities = new double[slotOf.length];
        isNamed = new boolean[slotOf.length];
        forecastVisits = new long[layerCount];
        Arrays.fill(forecastVisits, -1);
        held = new Slot[expertCount];
    }

    public int slotCount() {
        return slots.length;
    }

    /** The visit of the last lease; -1 before the first. */
    public long now() {
        return now;
    }

    /** Whether the expert is complete in a slot. */
    boolean isReady(int layer, int expert) {
        Slot slot = slotOf[layer * expertCount + expert];
        return slot != null && slot.isReady;
    }

    /** Whether a lease of these experts would have to wait for a load ahead that occupies the slot it needs. */
    public boolean lacksRoom(int layer, int[] experts, int count) {
        int needed = count;
        int room = slots.length - demandsLoading - (isLoadingAhead ? 1 : 0);
        for (int i = 0; i < count; i++) {
            Slot slot = slotOf[layer * expertCount + experts[i]];
            if (slot != null && slot.isLoading) {
                needed--;
            }
        }
        return needed > room;
    }

    /**
     * Opens the lease of a visit: holds the experts that are there, counts, and gives slots to those that are not. What
     * is there is held before anything is evicted, so that no expert of the layer makes room for another.
     *
     * @param experts the first {@code count} of the array, distinct and rising, so that equals are evicted alike
     * @param toLoad where slots are added that must be loaded now, see {@link #begin}
     */
    public void open(long visit, int[] experts, int count, List<Slot> toLoad) {
        now = visit;
        long missesBefore = misses;
        int layer = (int) (visit % layerCount);
        int base = layer * expertCount;
        countPrediction(layer, experts, count);
        Arrays.fill(held, null);
        for (int i = 0; i < count; i++) {
            useCounts[base + experts[i]]++;
            Slot slot = slotOf[base + experts[i]];
            if (slot == null) {
                misses++;
                continue;
            }
            if (slot.isReady) {
                hits++;
                timely += slot.isSpeculative ? 1 : 0;
            } else {
                misses++;
                if (slot.isSpeculative) {
                    late++;
                    isLoadingAhead = false;
                    demandsLoading++;
                }
            }
            slot.isSpeculative = false;
            hold(experts[i], slot);
        }
        for (int i = 0; i < count; i++) {
            if (held[experts[i]] == null) {
                Slot slot = place(demandVictim(layer), layer, experts[i]);
                slot.isSpeculative = false;
                demandsLoading++;
                hold(experts[i], slot);
                toLoad.add(slot);
            }
        }
        missesPerVisit += NEWEST * (misses - missesBefore - missesPerVisit);
        forecastVisits[layer] = -1;
        Arrays.fill(priorities, base, base + expertCount, 0);
        Arrays.fill(isNamed, base, base + expertCount, false);
    }

    private void countPrediction(int layer, int[] experts, int count) {
        int base = layer * expertCount;
        for (int expert = 0; expert < expertCount; expert++) {
            predicted += isNamed[base + expert] ? 1 : 0;
        }
        for (int i = 0; i < count; i++) {
            predictedUsed += isNamed[base + experts[i]] ? 1 : 0;
        }
    }

    private void hold(int expert, Slot slot) {
        slot.isHeld = true;
        slot.lastUseVisit = now;
        held[expert] = slot;
    }

    /** The slot of an expert of the open lease. */
    public Slot held(int expert) {
        Slot slot = held[expert];
        if (slot == null) {
            throw new IllegalStateException("expert " + expert + " is not part of the lease");
        }
        return slot;
    }

    /** Closes the lease. */
    public void close() {
        for (Slot slot : held) {
            if (slot != null) {
                slot.isHeld = false;
            }
        }
        Arrays.fill(held, null);
    }

    /** Takes over what a policy says; what it says of a visit that has begun is too late and dropped. */
    public void publish(PrefetchPlan plan) {
        for (int layer = 0; layer < layerCount; layer++) {
            int base = layer * expertCount;
            if (plan.hasUseRates(layer)) {
                for (int expert = 0; expert < expertCount; expert++) {
                    rates[base + expert] = plan.useRate(layer, expert);
                }
            }
            if (plan.visit(layer) > now) {
                forecastVisits[layer] = plan.visit(layer);
                for (int expert = 0; expert < expertCount; expert++) {
                    probabilities[base + expert] = plan.probability(layer, expert);
                    priorities[base + expert] = plan.priority(layer, expert);
                    isNamed[base + expert] = priorities[base + expert] > 0;
                }
            }
        }
    }

    /**
     * Gives a slot to the most urgent expert that is wanted ahead and not there; null if there is none, if no slot may be
     * had for it, or while anything is being loaded: a demand waits for one load ahead at most, and the next one is chosen
     * as late as can be.
     */
    public @Nullable Slot nextSpeculative() {
        if (demandsLoading > 0 || isLoadingAhead) {
            return null;
        }
        for (int id = mostUrgent(); id >= 0; id = mostUrgent()) {
            int layer = id / expertCount;
            long visitsAhead = forecastVisits[layer] - now;
            Slot victim = leastWorth(layer, false);
            if (victim == null) {
                return null;
            }
            priorities[id] = 0;
            if (victim.expert >= 0 && !eviction.admits(view.of(victim), probabilities[id], rates[id], visitsAhead)) {
                continue;
            }
            Slot slot = place(victim, layer, id % expertCount);
            slot.isSpeculative = true;
            slot.wantedVisit = forecastVisits[layer];
            slot.lastUseVisit = slot.wantedVisit;
            isLoadingAhead = true;
            return slot;
        }
        return null;
    }

    private int mostUrgent() {
        int best = -1;
        double highest = 0;
        for (int layer = 0; layer < layerCount; layer++) {
            long visitsAhead = forecastVisits[layer] - now;
            if (visitsAhead <= 0) {
                continue;
            }
            for (int id = layer * expertCount; id < (layer + 1) * expertCount; id++) {
                if (priorities[id] > 0 && priorities[id] / visitsAhead > highest && slotOf[id] == null) {
                    highest = priorities[id] / visitsAhead;
                    best = id;
                }
            }
        }
        return best;
    }

    private Slot place(Slot slot, int layer, int expert) {
        if (slot.expert >= 0) {
            int old = slot.layer * expertCount + slot.expert;
            if (slotOf[old] == slot) {
                slotOf[old] = null;
                residentsOfLayer[slot.layer]--;
                wasted += slot.isSpeculative ? 1 : 0;
            }
        }
        slot.layer = layer;
        slot.expert = expert;
        slot.isLoading = true;
        slot.loadOrder = loadOrder++;
        slot.lastUseVisit = now;
        slot.isReady = false;
        slot.weights = null;
        slot.failure = null;
        slotOf[layer * expertCount + expert] = slot;
        residentsOfLayer[layer]++;
        return slot;
    }

    /** What a layer that waits may take: experts loaded ahead for a visit still to come only if there is nothing else. */
    private Slot demandVictim(int layer) {
        Slot victim = leastWorth(layer, false);
        if (victim == null) {
            victim = leastWorth(layer, true);
        }
        if (victim == null) {
            throw new AssertionError("no slot to evict among " + slots.length);
        }
        return victim;
    }

    private @Nullable Slot leastWorth(int incomingLayer, boolean evenIfAwaited) {
        Slot least = null;
        double leastWorth = 0;
        double layerShare = (double) slots.length / layerCount;
        for (Slot slot : slots) {
            if (slot.isHeld || slot.isLoading) {
                continue;
            }
            if (!slot.isReady) {
                return slot;
            }
            if (slot.isSpeculative && slot.wantedVisit > now && !evenIfAwaited) {
                continue;
            }
            double worth = eviction.worth(view.of(slot), incomingLayer, layerShare);
            if (least == null || worth < leastWorth) {
                least = slot;
                leastWorth = worth;
            }
        }
        return least;
    }

    /** Notes that the load of a slot has begun. */
    public void begin(Slot slot, long nanos) {
        slot.loadStartNanos = nanos;
    }

    /**
     * Notes that the load of a slot has ended.
     *
     * @param bytes loaded; 0 if it failed, and the expert is not there
     */
    public void end(Slot slot, long bytes, long nanos) {
        slot.isLoading = false;
        slot.isReady = bytes > 0;
        if (slot.isSpeculative) {
            isLoadingAhead = false;
        } else {
            demandsLoading--;
        }
        if (!slot.isReady) {
            slotOf[slot.layer * expertCount + slot.expert] = null;
            residentsOfLayer[slot.layer]--;
            return;
        }
        loads++;
        bytesLoaded += bytes;
        bytesLoadedAhead += slot.isSpeculative ? bytes : 0;
        copyNanos = mean(copyNanos, (double) (nanos - slot.loadStartNanos));
    }

    /** Notes how long a layer took, stalls not counted. */
    public void noteLayer(long nanos) {
        layerNanos = mean(layerNanos, (double) nanos);
    }

    private static double mean(double mean, double newest) {
        return mean == 0 ? newest : mean + NEWEST * (newest - mean);
    }

    public CacheConditions conditions() {
        return new CacheConditions(slots.length, copyNanos, layerNanos, missesPerVisit, 0);
    }

    /** Everything counted so far, with the stalls that the caller has counted. */
    public CacheCounters counters(long stalledNanos) {
        return new CacheCounters(
                hits,
                misses,
                timely,
                late,
                wasted,
                loads,
                bytesLoaded,
                bytesLoadedAhead,
                predicted,
                predictedUsed,
                stalledNanos);
    }

    /** A slot as an eviction rule sees it; one object, moved from slot to slot. */
    private final class View implements Resident {
        private Slot slot = new Slot(0);

        View of(Slot other) {
            slot = other;
            return this;
        }

        private int id() {
            return slot.layer * expertCount + slot.expert;
        }

        @Override
        public int layer() {
            return slot.layer;
        }

        @Override
        public int expert() {
            return slot.expert;
        }

        @Override
        public long lastUseVisit() {
            return slot.lastUseVisit;
        }

        @Override
        public long loadOrder() {
            return slot.loadOrder;
        }

        @Override
        public long useCount() {
            return useCounts[id()];
        }

        @Override
        public long nextVisit() {
            return now + visitsAhead();
        }

        @Override
        public long visitsAhead() {
            return 1 + Math.floorMod(slot.layer - now - 1, (long) layerCount);
        }

        @Override
        public int visitsBetween() {
            return layerCount;
        }

        @Override
        public double lastProbability() {
            return probabilities[id()];
        }

        @Override
        public double nextUseProbability() {
            return forecastVisits[slot.layer] > now ? probabilities[id()] : rates[id()];
        }

        @Override
        public double useRate() {
            return rates[id()];
        }

        @Override
        public int residentsOfLayer() {
            return residentsOfLayer[slot.layer];
        }
    }
}
