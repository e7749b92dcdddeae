package dev.squall.expert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.gguf.BlockType;
import dev.squall.model.ExpertWeights;
import dev.squall.model.RowBatch;
import dev.squall.model.WeightMatrix;
import dev.squall.routing.LayerRouting;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ExpertCacheTest {
    private static final int LAYERS = 3;
    private static final int EXPERTS = 4;
    private static final int SLOT_BYTES = 12;

    /** Reads experts whose first weight tells layer and expert; keeps a log. */
    private static class NumberedExperts implements ExpertReader {
        final List<String> reads = Collections.synchronizedList(new ArrayList<>());

        @Override
        public long slotBytes() {
            return SLOT_BYTES;
        }

        @Override
        public long slotAlignment() {
            return 4;
        }

        @Override
        public ExpertWeights read(int layer, int expert, MemorySegment slot) throws IOException {
            reads.add(layer + ":" + expert);
            slot.set(ValueLayout.JAVA_FLOAT, 0, layer * 100 + expert);
            return new ExpertWeights(number(slot, 0), number(slot, 4), number(slot, 8));
        }

        private static WeightMatrix number(MemorySegment slot, int at) {
            return new WeightMatrix(BlockType.F32, slot.asSlice(at, 4), 1, 1);
        }

        @Override
        public void close() {
            reads.add("closed");
        }
    }

    private static ExpertCache cache(ExpertReader reader, int slots, Evictions eviction) {
        return new ExpertCache(new HostSlots(reader, slots), 0, LAYERS, EXPERTS, eviction, 2);
    }

    private static long passes;

    /** One pass's request: the experts of a layer. */
    private static LayerRouting routing(int layer, int... experts) {
        return new LayerRouting(
                passes++,
                layer,
                new RowBatch(new int[1], new int[1], new int[1]),
                EXPERTS,
                experts.length,
                new float[EXPERTS],
                experts,
                new float[experts.length]);
    }

    private static void use(ExpertCache cache, int layer, int... experts) {
        try (ExpertLease lease = cache.lease(routing(layer, experts))) {
            for (int expert : experts) {
                float number = lease.weights(expert).gate().data().get(ValueLayout.JAVA_FLOAT, 0);
                assertThat(number).isEqualTo(layer * 100 + expert);
            }
        }
    }

    private static Thread releaseOnceThisThreadWaits(CountDownLatch released) {
        Thread waiting = Thread.currentThread();
        return Thread.ofPlatform().start(() -> {
            while (waiting.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            released.countDown();
        });
    }

    @Test
    void loadsWhatIsMissingOnceAndCountsIt() {
        NumberedExperts reader = new NumberedExperts();
        try (ExpertCache cache = cache(reader, 6, Evictions.LRU)) {
            use(cache, 0, 1, 2);
            use(cache, 0, 2, 1);
            use(cache, 0, 2, 3);
            assertThat(reader.reads).containsExactlyInAnyOrder("0:1", "0:2", "0:3");
            assertThat(cache.counters().hits()).isEqualTo(3);
            assertThat(cache.counters().misses()).isEqualTo(3);
            assertThat(cache.counters().bytesLoaded()).isEqualTo(3 * SLOT_BYTES);
            assertThat(cache.counters().hitRate()).isEqualTo(0.5);
        }
        assertThat(reader.reads).endsWith("closed");
    }

    @Test
    void countsAnExpertThatSeveralRowsChoseAsOneRequest() {
        try (ExpertCache cache = cache(new NumberedExperts(), 6, Evictions.LRU)) {
            RowBatch rows = new RowBatch(new int[3], new int[3], new int[3]);
            int[] experts = {0, 1, 1, 0, 3, 1};
            LayerRouting routing =
                    new LayerRouting(passes++, 1, rows, EXPERTS, 2, new float[12], experts, new float[6]);
            try (ExpertLease lease = cache.lease(routing)) {
                assertThat(lease.weights(3).bytes()).isEqualTo(SLOT_BYTES);
            }
            assertThat(cache.counters().misses()).isEqualTo(3);
        }
    }

    @Test
    void evictsTheLeastRecentlyUsed() {
        assertThat(readsAfterPressure(Evictions.LRU)).containsExactly("0:1");
    }

    @Test
    void evictsTheLeastOftenUsed() {
        assertThat(readsAfterPressure(Evictions.LFU)).containsExactly("0:2");
    }

    @Test
    void evictsTheOneLoadedFirst() {
        assertThat(readsAfterPressure(Evictions.FIFO)).containsExactly("0:0");
    }

    /** Fills four slots with experts of layer 0, brings one of layer 1, and tells which of layer 0 was lost. */
    private static List<String> readsAfterPressure(Evictions policy) {
        NumberedExperts reader = new NumberedExperts();
        try (ExpertCache cache = cache(reader, 4, policy)) {
            use(cache, 0, 0);
            use(cache, 0, 1);
            use(cache, 0, 1);
            use(cache, 0, 2);
            use(cache, 0, 3);
            use(cache, 0, 3);
            use(cache, 0, 0);
            use(cache, 0, 2);
            if (policy == Evictions.LFU) {
                use(cache, 0, 0);
                use(cache, 0, 1);
                use(cache, 0, 3);
            }
            use(cache, 1, 0);
            reader.reads.clear();
            for (int expert = 0; expert < EXPERTS; expert++) {
                use(cache, 0, expert);
                if (!reader.reads.isEmpty()) {
                    return List.copyOf(reader.reads);
                }
            }
        }
        return List.of();
    }

    @Test
    void neverEvictsAnExpertOfTheOpenLease() {
        for (Evictions policy : Evictions.values()) {
            try (ExpertCache cache = cache(new NumberedExperts(), EXPERTS, policy)) {
                for (int pass = 0; pass < 200; pass++) {
                    use(cache, pass % LAYERS, 0, 1, 2, 3);
                    use(cache, (pass * 7 + 1) % LAYERS, pass % EXPERTS, (pass + 1) % EXPERTS);
                }
            }
        }
    }

    @Test
    void computingCanBeginWithTheExpertsThatAreThere() throws InterruptedException {
        CountDownLatch released = new CountDownLatch(1);
        NumberedExperts slow = new NumberedExperts() {
            @Override
            public ExpertWeights read(int layer, int expert, MemorySegment slot) throws IOException {
                if (expert == 3) {
                    try {
                        released.await();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                }
                return super.read(layer, expert, slot);
            }
        };
        try (ExpertCache cache = cache(slow, 8, Evictions.LRU)) {
            use(cache, 0, 1);
            try (ExpertLease lease = cache.lease(routing(0, 1, 3))) {
                assertThat(lease.isReady(1)).isTrue();
                assertThat(lease.isReady(3)).isFalse();
                assertThat(lease.weights(1).bytes()).isEqualTo(SLOT_BYTES);
                Thread release = releaseOnceThisThreadWaits(released);
                assertThat(lease.weights(3).bytes()).isEqualTo(SLOT_BYTES);
                release.join();
            }
            assertThat(cache.counters().stalledNanos()).isPositive();
        }
    }

    @Test
    void aLoadThatFailsIsThrownWhereItIsNeededAndTriedAgainLater() {
        boolean[] fails = {true};
        NumberedExperts failing = new NumberedExperts() {
            @Override
            public ExpertWeights read(int layer, int expert, MemorySegment slot) throws IOException {
                if (expert == 2 && fails[0]) {
                    throw new IOException("the disk is gone");
                }
                return super.read(layer, expert, slot);
            }
        };
        try (ExpertCache cache = cache(failing, 4, Evictions.LRU)) {
            assertThatThrownBy(() -> use(cache, 1, 2))
                    .isInstanceOf(ExpertLoadException.class)
                    .hasMessage("expert 2 of layer 1 cannot be read: the disk is gone");
            use(cache, 1, 0, 1, 3);
            fails[0] = false;
            use(cache, 1, 2);
            use(cache, 0, 0, 1, 2, 3);
        }
    }

    @Test
    void aLoadThatEndsInAnErrorIsThrownWhereItIsNeeded() {
        NumberedExperts failing = new NumberedExperts() {
            @Override
            public ExpertWeights read(int layer, int expert, MemorySegment slot) {
                throw new InternalError("a fault occurred in an unsafe memory access operation");
            }
        };
        try (ExpertCache cache = cache(failing, 4, Evictions.LRU)) {
            for (int again = 0; again < 3; again++) {
                assertThatThrownBy(() -> use(cache, 1, 2))
                        .isInstanceOf(ExpertLoadException.class)
                        .hasMessageStartingWith("expert 2 of layer 1 cannot be read: a fault");
            }
        }
    }

    @Test
    void theSlotOfALoadThatFailedTakesNoOtherExpertWhileItsLeaseIsOpen() {
        SlotTable table = new SlotTable(LAYERS, EXPERTS, EXPERTS, Evictions.LRU);
        PrefetchPlan plan = new PrefetchPlan(LAYERS, EXPERTS);
        plan.forecast(1);
        plan.request(1, 0, 1);
        table.publish(plan);
        List<Slot> toLoad = new ArrayList<>();
        table.open(0, new int[] {0, 1, 2, 3}, EXPERTS, toLoad);
        for (Slot slot : toLoad) {
            table.begin(slot, 0);
            table.end(slot, slot.expert() == 2 ? 0 : SLOT_BYTES, 1);
        }
        assertThat(table.nextSpeculative())
                .as("who waits for expert 2 finds its slot as the load left it")
                .isNull();
        table.close();
        Slot free = table.nextSpeculative();
        assertThat(free).isNotNull();
        assertThat(free.expert()).isZero();
    }

    @Test
    void loadsAheadWhatThePlanNamesAndCountsWhatBecameOfIt() {
        NumberedExperts reader = new NumberedExperts();
        try (ExpertCache cache = cache(reader, 6, Evictions.LRU)) {
            use(cache, 0, 0, 1);
            PrefetchPlan plan = new PrefetchPlan(LAYERS, EXPERTS);
            plan.forecast((passes - 1) * LAYERS + 1);
            plan.request(1, 2, 0.9);
            plan.request(1, 3, 0.8);
            cache.publish(plan);
            while (!cache.isResident(1, 2) || !cache.isResident(1, 3)) {
                Thread.onSpinWait();
            }
            assertThat(reader.reads).hasSize(4).contains("1:2", "1:3");
            passes--;
            use(cache, 1, 2);
            use(cache, 2, 0, 1, 2, 3);
            use(cache, 0, 0, 1, 2, 3);

            CacheCounters counters = cache.counters();
            assertThat(counters.timely()).isEqualTo(1);
            assertThat(counters.late()).isZero();
            assertThat(counters.wasted()).isEqualTo(1);
            assertThat(counters.predicted()).isEqualTo(2);
            assertThat(counters.predictedUsed()).isEqualTo(1);
            assertThat(counters.bytesLoadedAhead()).isEqualTo(2 * SLOT_BYTES);
        }
    }

    @Test
    void anExpertStillOnItsWayIsAMissAndALatePrefetch() throws InterruptedException {
        CountDownLatch released = new CountDownLatch(1);
        CountDownLatch began = new CountDownLatch(1);
        NumberedExperts slow = new NumberedExperts() {
            @Override
            public ExpertWeights read(int layer, int expert, MemorySegment slot) throws IOException {
                began.countDown();
                try {
                    released.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                return super.read(layer, expert, slot);
            }
        };
        try (ExpertCache cache = cache(slow, 8, Evictions.LRU)) {
            PrefetchPlan plan = new PrefetchPlan(LAYERS, EXPERTS);
            plan.forecast(passes * LAYERS);
            plan.request(0, 2, 1);
            cache.publish(plan);
            began.await();
            Thread release = releaseOnceThisThreadWaits(released);
            use(cache, 0, 2);
            release.join();
            assertThat(cache.counters().late()).isEqualTo(1);
            assertThat(cache.counters().misses()).isEqualTo(1);
            assertThat(slow.reads).containsExactly("0:2");
        }
    }

    @Test
    void aPlanForAVisitThatHasBegunIsDropped() {
        SlotTable table = new SlotTable(LAYERS, EXPERTS, 6, Evictions.LRU);
        table.open(1, new int[0], 0, new ArrayList<>());
        table.close();

        table.publish(planOfOneExpert(1));
        assertThat(table.nextSpeculative()).isNull();
        table.publish(planOfOneExpert(LAYERS + 1));
        assertThat(table.nextSpeculative()).isNotNull();
    }

    /** Asks for an expert of layer 1 when a visit comes to it. */
    private static PrefetchPlan planOfOneExpert(long visit) {
        PrefetchPlan plan = new PrefetchPlan(LAYERS, EXPERTS);
        plan.forecast(visit);
        plan.request(1, 2, 1);
        return plan;
    }

    @Test
    void refusesFewerSlotsThanALayerHasExperts() {
        assertThatThrownBy(() -> new SlotTable(LAYERS, EXPERTS, 3, Evictions.LRU))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("3 slots, expected at least 4, one layer's experts");
    }
}
