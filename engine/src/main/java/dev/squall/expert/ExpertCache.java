package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import dev.squall.routing.LayerRouting;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A fixed number of slots for experts. A lease makes its experts stay; what is missing is loaded by the cache's own
 * threads, all at once, while the pass computes with what is there. Between demands the same threads load ahead what the
 * published plan names. One lease is open at a time, by the thread of the forward pass; its threads may all ask for
 * weights, and any thread may publish.
 */
public final class ExpertCache implements ExpertSource, AutoCloseable {
    private final SlotMemory memory;
    private final int layerCount;
    private final int denseLayers;
    private final SlotTable table;
    private final Lease lease;
    private final Thread[] loaders;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition loaded = lock.newCondition();
    private final Condition requested = lock.newCondition();
    private final Deque<Slot> queue = new ArrayDeque<>();
    private final List<Slot> toLoad = new ArrayList<>();
    private boolean closed;
    private long stalledNanos;
    private int waitingThreads;
    private long waitingSinceNanos;
    private long openedNanos;
    private long stalledNanosWhenOpened;

    /** Loaders that wait and have not been woken: more are never woken than there is work for. */
    private int idleLoaders;

    /**
     * Makes a cache, which owns the memory from then on.
     *
     * @param denseLayers the model's first layers that have no experts
     * @param layerCount L, the layers after them
     * @param expertCount J, experts of each
     * @param loaderThreads loads that may be under way at once
     */
    public ExpertCache(
            SlotMemory memory, int denseLayers, int layerCount, int expertCount, Eviction eviction, int loaderThreads) {
        this.memory = memory;
        this.denseLayers = denseLayers;
        this.layerCount = layerCount;
        table = new SlotTable(layerCount, expertCount, memory.slotCount(), eviction);
        lease = new Lease(expertCount);
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
        return table.slotCount();
    }

    public CacheCounters counters() {
        lock.lock();
        try {
            return table.counters(stalledNanos);
        } finally {
            lock.unlock();
        }
    }

    /** What has been measured of copying and computing. */
    public CacheConditions conditions() {
        lock.lock();
        try {
            return table.conditions();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether an expert is complete in a slot now.
     *
     * @param layer the layer's index in the model
     */
    public boolean isResident(int layer, int expert) {
        lock.lock();
        try {
            return table.isReady(layer - denseLayers, expert);
        } finally {
            lock.unlock();
        }
    }

    /** Takes over a plan; loading ahead begins at once if no layer waits. */
    public void publish(PrefetchPlan plan) {
        lock.lock();
        try {
            table.publish(plan);
            startLoads();
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
        private final int[] wanted;
        private final boolean[] isWanted;

        Lease(int expertCount) {
            wanted = new int[expertCount];
            isWanted = new boolean[expertCount];
        }

        private void open(LayerRouting routing) {
            for (int choice = 0; choice < routing.rows().size() * routing.usedCount(); choice++) {
                isWanted[routing.experts()[choice]] = true;
            }
            int count = 0;
            for (int expert = 0; expert < isWanted.length; expert++) {
                if (isWanted[expert]) {
                    wanted[count++] = expert;
                    isWanted[expert] = false;
                }
            }
            int layer = routing.layer() - denseLayers;
            while (table.lacksRoom(layer, wanted, count) && !closed) {
                awaitALoad();
            }
            long visit = routing.pass() * layerCount + layer;
            noteLayer(layer > 0 && visit == table.now() + 1);
            table.open(visit, wanted, count, toLoad);
            queue.addAll(toLoad);
            toLoad.clear();
            startLoads();
        }

        /**
         * Notes the time since the last lease if that was the layer before in the same pass: other things come between
         * passes.
         */
        private void noteLayer(boolean isNextLayer) {
            long now = System.nanoTime();
            if (isNextLayer) {
                table.noteLayer(now - openedNanos - (stalledNanos - stalledNanosWhenOpened));
            }
            openedNanos = now;
            stalledNanosWhenOpened = stalledNanos;
        }

        @Override
        public boolean isReady(int expert) {
            return table.held(expert).isReady;
        }

        @Override
        public ExpertWeights weights(int expert) {
            Slot slot = table.held(expert);
            ExpertWeights weights = slot.isReady ? slot.weights : null;
            return weights != null ? weights : await(slot);
        }

        @Override
        public void close() {
            lock.lock();
            try {
                table.close();
                startLoads();
            } finally {
                lock.unlock();
            }
        }
    }

    private ExpertWeights await(Slot slot) {
        lock.lock();
        try {
            while (!slot.isReady && slot.failure == null && !closed) {
                awaitALoad();
            }
            ExpertWeights weights = slot.weights;
            if (weights != null) {
                return weights;
            }
            Throwable failure = slot.failure;
            if (failure != null) {
                throw new ExpertLoadException(slot.layer + denseLayers, slot.expert, failure);
            }
            throw new IllegalStateException("the expert cache is closed");
        } finally {
            lock.unlock();
        }
    }

    /** Waits for some load to end; callers look again whether it was theirs. */
    @SuppressWarnings("WaitNotInLoop")
    private void awaitALoad() {
        if (waitingThreads++ == 0) {
            waitingSinceNanos = System.nanoTime();
        }
        try {
            loaded.awaitUninterruptibly();
        } finally {
            if (--waitingThreads == 0) {
                stalledNanos += System.nanoTime() - waitingSinceNanos;
            }
        }
    }

    /** Queues what idle loaders may load ahead, and wakes as many as there is work for. */
    private void startLoads() {
        while (idleLoaders > queue.size()) {
            Slot slot = table.nextSpeculative();
            if (slot == null) {
                break;
            }
            queue.add(slot);
        }
        for (int woken = Math.min(idleLoaders, queue.size()); woken > 0; woken--) {
            idleLoaders--;
            requested.signal();
        }
    }

    /** The life of a loader thread. */
    private void load() {
        lock.lock();
        try {
            while (!closed) {
                Slot slot = queue.poll();
                if (slot == null) {
                    slot = table.nextSpeculative();
                }
                if (slot == null) {
                    idleLoaders++;
                    requested.awaitUninterruptibly();
                } else {
                    load(slot);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void load(Slot slot) {
        LoadEvent event = new LoadEvent(slot.layer + denseLayers, slot.expert, slot.isSpeculative);
        table.begin(slot, System.nanoTime());
        startLoads();
        lock.unlock();
        ExpertWeights weights = null;
        Throwable failure = null;
        event.begin();
        try {
            weights = memory.load(slot.layer + denseLayers, slot.expert, slot.index());
        } catch (IOException | RuntimeException | Error thrown) { // the thread that waits for the expert throws it
            failure = thrown;
        } finally {
            lock.lock();
        }
        slot.weights = weights;
        slot.failure = failure;
        long bytes = weights == null ? 0 : weights.bytes();
        table.end(slot, bytes, System.nanoTime());
        event.bytes = bytes;
        event.commit();
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
        memory.close();
    }
}
