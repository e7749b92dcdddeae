package dev.squall.predict;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.CacheCounters;
import dev.squall.expert.ExpertCache;
import dev.squall.expert.PrefetchPlan;
import dev.squall.model.ModelWeights;
import dev.squall.model.RowBatch;
import dev.squall.routing.LayerRouting;
import dev.squall.routing.RoutingObserver;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Runs a policy beside the forward pass. The pass's thread copies what it shows into a ring and goes on; one of the threads
 * that compute, or the predictor's own, lets the policy make a plan of it and publishes that to the cache. If the
 * policy is slower than the pass, it misses layers; only a trace makes the pass wait, for a trace with holes is none.
 */
public final class Predictor implements RoutingObserver, AutoCloseable {
    private static final int RING = 64;

    /** Weight of the newest measurement in a running mean. */
    private static final double NEWEST = 0.05;

    private final MapShape shape;
    private final int denseLayers;
    private final HiddenRows hiddenRows;
    private final @Nullable PrefetchPolicy policy;
    private final @Nullable ExpertCache cache;
    private final @Nullable TraceWriter trace;
    private final RouterAhead routers;
    private final PrefetchPlan plan;
    private final PassObservation passObservation;
    private final LayerObservation layerObservation;
    private final long[] conversationOfSequence;
    private final Captured[] ring = new Captured[RING];
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong read = new AtomicLong();
    private final Predicate<Runnable> errands;
    private final Runnable drainIfFree = this::drainIfFree;
    /** Held by the thread that lets the policy hear. */
    private final ReentrantLock draining = new ReentrantLock();

    private final Thread thread;

    private volatile Attention attention = Attention.PLANNING;

    private volatile long latestVisit;
    private volatile boolean closed;
    private volatile boolean isParked;
    private volatile @Nullable Throwable failure;
    /** Whether a pass has thrown the failure: those after it go on with neither policy nor trace. */
    private boolean told;

    private volatile PredictionCounters counters = PredictionCounters.ZERO;
    private final AtomicLong dropped = new AtomicLong();
    private long conversations;
    private double forecastNanos;

    /**
     * Starts the thread.
     *
     * @param sequences most sequences of the model
     * @param lastConversation number of the last conversation before those to come
     * @param errands has something run soon by a thread that is awake, as {@code ComputeBackend.sendBeside} does; false
     * if it does not
     * @param policy what decides; null to record a trace only
     * @param cache what is told of its plans; null where there is none
     * @param trace what records every pass; null for none. Owned from then on
     */
    public Predictor(
            ModelWeights model,
            MapShape shape,
            int sequences,
            long lastConversation,
            HiddenRows hiddenRows,
            Predicate<Runnable> errands,
            @Nullable PrefetchPolicy policy,
            @Nullable ExpertCache cache,
            @Nullable TraceWriter trace) {
        this.shape = shape;
        this.hiddenRows = hiddenRows;
        this.errands = errands;
        this.policy = policy;
        this.cache = cache;
        this.trace = trace;
        denseLayers = model.hyperparameters().denseBlockCount();
        routers = new RouterAhead(model);
        plan = new PrefetchPlan(shape.layerCount(), shape.expertCount());
        passObservation = new PassObservation(shape);
        layerObservation = new LayerObservation(shape);
        conversationOfSequence = new long[sequences];
        conversations = lastConversation;
        boolean copiesHidden = trace != null || (policy != null && policy.looksAhead());
        for (int i = 0; i < RING; i++) {
            ring[i] = new Captured(shape, copiesHidden);
        }
        thread = Thread.ofPlatform().name("squall-predictor").daemon().start(this::predict);
    }

    public PredictionCounters counters() {
        PredictionCounters now = counters;
        return new PredictionCounters(now.observed(), dropped.get(), now.predictionNanos(), 0, 0);
    }

    /** @throws PredictionException if the policy or the trace has failed, once */
    @Override
    public void onPass(long pass, RowBatch rows) {
        Throwable thrown = failure;
        if (thrown != null && !told) {
            told = true;
            throw new PredictionException(thrown);
        }
        for (int row = 0; row < rows.size(); row++) {
            if (rows.positions()[row] == 0) {
                conversationOfSequence[rows.sequences()[row]] = ++conversations;
            }
        }
        Captured captured = next();
        if (captured != null) {
            captured.takePass(
                    pass, rows, conversationOfSequence, cache == null ? CacheCounters.ZERO : cache.counters());
            publish(false);
        }
    }

    @Override
    public void onRouted(LayerRouting routing) {
        latestVisit = routing.pass() * shape.layerCount() + routing.layer() - denseLayers;
        Captured captured = attention == Attention.RESTING ? null : next();
        if (captured != null) {
            captured.takeLayer(routing, denseLayers, hiddenRows);
            publish(captured.visit % shape.layerCount() == shape.layerCount() - 1);
        }
    }

    /** The place for the next message; null if it has to be dropped. */
    private @Nullable Captured next() {
        while (written.get() - read.get() == RING) {
            if (trace == null || failure != null) {
                dropped.incrementAndGet();
                return null;
            }
            LockSupport.unpark(thread);
            LockSupport.parkNanos(20_000);
        }
        return ring[(int) (written.get() % RING)];
    }

    /** @param isLast whether no message of this pass follows */
    private void publish(boolean isLast) {
        long backlog = written.incrementAndGet() - read.get();
        if (attention != Attention.PLANNING && !isLast && backlog < RING / 2) {
            return;
        }
        if (!errands.test(drainIfFree) && isParked) {
            LockSupport.unpark(thread);
        }
    }

    /** The life of the predictor's thread. */
    private void predict() {
        while (true) {
            boolean isLast = closed;
            draining.lock();
            try {
                drain();
                if (isLast && policy != null && failure == null) {
                    policy.onEnd();
                }
            } catch (Error | RuntimeException thrown) { // the forward pass throws it on
                failure = thrown;
            } finally {
                draining.unlock();
            }
            if (isLast) {
                return;
            }
            isParked = true;
            if ((read.get() == written.get() || failure != null) && !closed) {
                LockSupport.park(this);
            }
            isParked = false;
        }
    }

    /** Lets the policy hear what it has not, unless another thread does: that one will see what came in the meantime. */
    private void drainIfFree() {
        while (read.get() < written.get() && failure == null && draining.tryLock()) {
            try {
                drain();
            } catch (Error | RuntimeException thrown) { // the forward pass throws it on
                failure = thrown;
            } finally {
                draining.unlock();
            }
        }
    }

    private void drain() {
        while (read.get() < written.get() && failure == null) {
            long start = System.nanoTime();
            handle(ring[(int) (read.get() % RING)]);
            counters = new PredictionCounters(
                    counters.observed() + 1, 0, counters.predictionNanos() + System.nanoTime() - start, 0, 0);
            read.incrementAndGet();
        }
    }

    private void handle(Captured captured) {
        plan.clear();
        if (captured.isPass) {
            handlePass(captured);
        } else {
            handleLayer(captured);
        }
        if (cache != null && !plan.isEmpty()) {
            cache.publish(plan);
        }
    }

    private void handlePass(Captured captured) {
        int h = shape.embeddingLength();
        passObservation.set(
                captured.visit,
                captured.phase,
                captured.rowCount,
                captured.counters,
                (row, distance, out, outOffset) -> routers.distribution(
                        denseLayers + distance - 1, passObservation.embeddings(), row * h, out, outOffset));
        passObservation.setStartNanos(captured.startNanos);
        for (int row = 0; row < captured.rowCount; row++) {
            routers.embedding(captured.tokens[row], passObservation.embeddings(), row * h);
        }
        System.arraycopy(captured.positions, 0, passObservation.positions(), 0, captured.rowCount);
        System.arraycopy(captured.conversations, 0, passObservation.conversations(), 0, captured.rowCount);
        if (trace != null) {
            trace.onPass(passObservation, captured.rowsOfPass);
        }
        if (policy != null) {
            long start = System.nanoTime();
            policy.onPass(passObservation, conditions(), plan);
            attention = trace == null ? policy.attention() : Attention.PLANNING;
            // Beside the next layers' own.
            forecastNanos += NEWEST * (System.nanoTime() - start);
        }
    }

    private void handleLayer(Captured captured) {
        int h = shape.embeddingLength();
        int n = shape.expertCount();
        long lag = Math.max(0, latestVisit - captured.visit);
        layerObservation.set(
                captured.visit, lag, captured.rowCount, captured.rowsOfPass, (row, distance, out, outOffset) -> {
                    int layer = (int) (captured.visit % shape.layerCount()) + denseLayers + distance;
                    return routers.distribution(layer, captured.hidden, row * h, out, outOffset);
                });
        System.arraycopy(captured.probabilities, 0, layerObservation.probabilities(), 0, captured.rowCount * n);
        System.arraycopy(captured.counts, 0, layerObservation.counts(), 0, n);
        if (captured.hidden.length > 0) {
            System.arraycopy(captured.hidden, 0, layerObservation.hidden(), 0, captured.rowCount * h);
            for (int row = 0; row < captured.rowCount; row++) {
                MapVectors.toUnitMeanSquare(layerObservation.hidden(), row * h, h);
            }
        }
        if (trace != null) {
            trace.onRouted(layerObservation);
        }
        if (policy != null) {
            long start = System.nanoTime();
            policy.onRouted(layerObservation, conditions(), plan);
            forecastNanos += NEWEST * (System.nanoTime() - start - forecastNanos);
        }
    }

    private CacheConditions conditions() {
        return cache == null ? CacheConditions.NONE : cache.conditions().withForecastNanos(forecastNanos);
    }

    /**
     * Lets the policy hear what is left, ends the thread and completes the trace.
     *
     * @throws PredictionException if the policy or the trace has failed and no pass has told
     */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (trace != null) {
            trace.close();
        }
        Throwable thrown = failure;
        if (thrown != null && !told) {
            throw new PredictionException(thrown);
        }
    }
}
