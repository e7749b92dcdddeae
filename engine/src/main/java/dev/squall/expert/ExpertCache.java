package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import dev.squall.routing.LayerRouting;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of slots for experts, allocated at start. A lease makes its experts stay; what is missing is loaded by
 * the cache's own threads, all at once, while the pass computes with what is there. One lease is open at a time, by the
 * thread of the forward pass; its threads may all ask for weights.
 */
public final class ExpertCache implements ExpertSource, AutoCloseable {
    private final ExpertReader reader;
    private final EvictionPolicy eviction;
    private final int expertsPerLayer;
    private final Arena arena = Arena.ofShared();
    private final Slot[] slots;
    private final long[] useCounts;
    /** By layer and expert: the slot that holds it or is being loaded with it. */
    private final @Nullable Slot[] slotOf;

    private final Lease lease;
    private final Thread[] loaders;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition loaded = lock.newCondition();
    private final Condition requested = lock.newCondition();
    private final Deque<Slot> demands = new ArrayDeque<>();
    private boolean closed;
    private long tick;
    private long hits;
    private long misses;
    private long bytesLoaded;
    private long stalledNanos;
    private int waitingThreads;
    private long waitingSinceNanos;

    /** Bytes of the smallest cache that can run a model: one layer's experts. */
    public static long bytesMin(ExpertReader reader, int expertsPerLayer) {
        return Math.multiplyExact(reader.slotBytes(), (long) expertsPerLayer);
    }

    /**
     * Makes a cache, which owns the reader from then on.
     *
     * @param bytesMax memory for slots; what no slot fits into stays unused
     * @param loaderThreads reads that may be under way at once
     */
    public ExpertCache(
            ExpertReader reader,
            int layerCount,
            int expertsPerLayer,
            long bytesMax,
            EvictionPolicy eviction,
            int loaderThreads) {
        this.reader = reader;
        this.eviction = eviction;
        this.expertsPerLayer = expertsPerLayer;
        long slotBytes = StoredExperts.alignUp(reader.slotBytes(), reader.slotAlignment());
        int slotCount = (int) Math.min(bytesMax / slotBytes, Math.multiplyExact((long) layerCount, expertsPerLayer));
        if (slotCount < expertsPerLayer) {
            throw new IllegalArgumentException("an expert cache of " + bytesMax + " bytes has " + slotCount
                    + " slots, expected at least " + expertsPerLayer + ", one layer's experts: give it "
                    + bytesMin(reader, expertsPerLayer) + " bytes or more");
        }
        MemorySegment memory = arena.allocate(Math.multiplyExact(slotBytes, (long) slotCount), reader.slotAlignment());
        slots = new Slot[slotCount];
        for (int i = 0; i < slotCount; i++) {
            slots[i] = new Slot(memory.asSlice(i * slotBytes, slotBytes));
        }
        lease = new Lease();
        slotOf = new Slot[layerCount * expertsPerLayer];
        useCounts = new long[slotOf.length];
        loaders = new Thread[loaderThreads];
        for (int i = 0; i < loaderThreads; i++) {
            loaders[i] = Thread.ofPlatform()
                    .name("squall-expert-loader-" + i)
                    .daemon()
                    .start(this::load);
        }
    }

    /** How many experts fit. */
    public int slotCount() {
        return slots.length;
    }

    public CacheCounters counters() {
        lock.lock();
        try {
            return new CacheCounters(hits, misses, bytesLoaded, stalledNanos);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public ExpertLease lease(LayerRouting routing) {
        lock.lock();
        try {
            lease.open(routing);
        } finally {
            lock.unlock();
        }
        return lease;
    }

    private final class Lease implements ExpertLease {
        private final @Nullable Slot[] held = new Slot[expertsPerLayer];
        private final int[] missing = new int[expertsPerLayer];

        /** Holds what is there before it evicts for what is not, so that no expert of the layer makes room for another. */
        private void open(LayerRouting routing) {
            tick++;
            Arrays.fill(held, null);
            int missingCount = 0;
            int layerBase = routing.layer() * expertsPerLayer;
            for (int choice = 0; choice < routing.rows().size() * routing.usedCount(); choice++) {
                int expert = routing.experts()[choice];
                if (held[expert] != null || isMissing(expert, missingCount)) {
                    continue;
                }
                useCounts[layerBase + expert]++;
                Slot slot = slotOf[layerBase + expert];
                if (slot == null) {
                    missing[missingCount++] = expert;
                } else {
                    hits++;
                    hold(expert, slot);
                }
            }
            misses += missingCount;
            for (int i = 0; i < missingCount; i++) {
                Slot slot = evict();
                slot.assign(routing.layer(), missing[i], tick);
                slotOf[layerBase + missing[i]] = slot;
                hold(missing[i], slot);
                demands.add(slot);
            }
            if (missingCount > 0) {
                requested.signalAll();
            }
        }

        private boolean isMissing(int expert, int missingCount) {
            for (int i = 0; i < missingCount; i++) {
                if (missing[i] == expert) {
                    return true;
                }
            }
            return false;
        }

        private void hold(int expert, Slot slot) {
            slot.isHeld = true;
            slot.lastUseTick = tick;
            held[expert] = slot;
        }

        @Override
        public boolean isReady(int expert) {
            return slot(expert).weights != null;
        }

        @Override
        public ExpertWeights weights(int expert) {
            Slot slot = slot(expert);
            ExpertWeights weights = slot.weights;
            return weights != null ? weights : await(slot);
        }

        private Slot slot(int expert) {
            Slot slot = held[expert];
            if (slot == null) {
                throw new IllegalStateException("expert " + expert + " is not part of the lease");
            }
            return slot;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                for (Slot slot : held) {
                    if (slot != null) {
                        slot.isHeld = false;
                    }
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private ExpertWeights await(Slot slot) {
        lock.lock();
        try {
            if (waitingThreads++ == 0) {
                waitingSinceNanos = System.nanoTime();
            }
            try {
                while (slot.weights == null && slot.failure == null && !closed) {
                    loaded.awaitUninterruptibly();
                }
            } finally {
                if (--waitingThreads == 0) {
                    stalledNanos += System.nanoTime() - waitingSinceNanos;
                }
            }
            ExpertWeights weights = slot.weights;
            if (weights != null) {
                return weights;
            }
            Exception failure = slot.failure;
            if (failure != null) {
                throw new ExpertLoadException(slot.layer, slot.expert, failure);
            }
            throw new IllegalStateException("the expert cache is closed");
        } finally {
            lock.unlock();
        }
    }

    private Slot evict() {
        Slot least = null;
        double leastWorth = 0;
        for (Slot slot : slots) {
            if (slot.expert < 0) {
                return slot;
            }
            if (slot.isHeld || (slot.weights == null && slot.failure == null)) {
                continue;
            }
            double worth = eviction.worth(slot);
            if (least == null || worth < leastWorth) {
                least = slot;
                leastWorth = worth;
            }
        }
        if (least == null) {
            throw new AssertionError("no slot to evict among " + slots.length);
        }
        if (slotOf[least.id()] == least) {
            slotOf[least.id()] = null;
        }
        return least;
    }

    /** The life of a loader thread. */
    private void load() {
        lock.lock();
        try {
            while (true) {
                while (demands.isEmpty() && !closed) {
                    requested.awaitUninterruptibly();
                }
                if (closed) {
                    return;
                }
                Slot slot = demands.remove();
                lock.unlock();
                ExpertWeights weights = null;
                Exception failure = null;
                try {
                    weights = reader.read(slot.layer, slot.expert, slot.memory);
                } catch (IOException | RuntimeException thrown) { // the thread that waits for the expert throws it
                    failure = thrown;
                } finally {
                    lock.lock();
                }
                finish(slot, weights, failure);
            }
        } finally {
            lock.unlock();
        }
    }

    private void finish(Slot slot, @Nullable ExpertWeights weights, @Nullable Exception failure) {
        slot.weights = weights;
        slot.failure = failure;
        if (weights != null) {
            bytesLoaded += weights.bytes();
        } else {
            slotOf[slot.id()] = null;
        }
        loaded.signalAll();
    }

    /** Ends the loaders and frees the slots; no lease may be open. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            requested.signalAll();
            loaded.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        for (Thread loader : loaders) {
            while (loader.isAlive()) {
                try {
                    loader.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        reader.close();
        arena.close();
    }

    /** Room for one expert. Fields are guarded by the cache's lock, but for what is volatile. */
    private final class Slot implements Resident {
        private final MemorySegment memory;
        private int layer;
        private int expert = -1;
        private boolean isHeld;
        private long lastUseTick;
        private long loadTick;
        /** Set once the load is complete. */
        private volatile @Nullable ExpertWeights weights;

        private volatile @Nullable Exception failure;

        Slot(MemorySegment memory) {
            this.memory = memory;
        }

        void assign(int newLayer, int newExpert, long now) {
            layer = newLayer;
            expert = newExpert;
            loadTick = now;
            weights = null;
            failure = null;
        }

        int id() {
            return layer * expertsPerLayer + expert;
        }

        @Override
        public int layer() {
            return layer;
        }

        @Override
        public int expert() {
            return expert;
        }

        @Override
        public long lastUseTick() {
            return lastUseTick;
        }

        @Override
        public long loadTick() {
            return loadTick;
        }

        @Override
        public long useCount() {
            return useCounts[id()];
        }
    }
}
