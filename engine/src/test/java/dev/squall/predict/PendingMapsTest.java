package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.expert.CacheCounters;
import org.junit.jupiter.api.Test;

class PendingMapsTest {
    private static final MapShape SHAPE = new MapShape(1, 2, 1, 2);
    private static final int[] FIRST = {0};
    private static final int[] SECOND = {1};

    private final ExactMapStore store = new ExactMapStore(SHAPE, 1000, 3);
    private final PendingMaps pending = new PendingMaps(store);

    private static ExpertMap map(int position) {
        return new ExpertMap(
                new float[] {1, position},
                new float[] {0.5f, 0.5f},
                Continuation.begin(SHAPE),
                new MapOrigin(0, Phase.DECODE, position, 1, 0, 0));
    }

    private void pass(long conversation, int position, int[] used) {
        pending.onPass(conversation, position, used);
        pending.add(conversation, map(position));
    }

    private MapMatches stored(int position) {
        return store.nearestByEmbedding(new float[] {1, position}, 1);
    }

    @Test
    void holdsAMapBackUntilItsContinuationIsKnown() {
        for (int position = 0; position < Continuation.PASSES_MAX; position++) {
            pass(1, position, FIRST);
        }
        assertThat(store.size()).isZero();
        pass(1, Continuation.PASSES_MAX, SECOND);
        assertThat(store.size()).isEqualTo(1);
        byte[] continuation = stored(0).continuation(0);
        assertThat(Continuation.passes(continuation)).isEqualTo(Continuation.PASSES_MAX);
        assertThat(Continuation.nextUse(continuation, 0)).isEqualTo(1);
        assertThat(Continuation.nextUse(continuation, 1)).isEqualTo(Continuation.PASSES_MAX);
    }

    @Test
    void aConversationThatBeginsAnewIsNoContinuation() {
        pass(1, 5, FIRST);
        pass(1, 0, SECOND);
        assertThat(store.size()).isEqualTo(1);
        assertThat(Continuation.passes(stored(5).continuation(0))).isZero();
    }

    @Test
    void conversationsDoNotContinueEachOther() {
        pass(1, 0, FIRST);
        pass(2, 1, SECOND);
        pass(1, 1, FIRST);
        pending.settleAll();
        byte[] continuation = stored(0).continuation(0);
        assertThat(Continuation.passes(continuation)).isEqualTo(1);
        assertThat(Continuation.nextUse(continuation, 1)).isZero();
    }

    @Test
    void doesNotWaitForAConversationThatHasLongBeenSilent() {
        pass(1, 0, FIRST);
        for (int other = 0; other < 300; other++) {
            pending.onPass(2, other, SECOND);
        }
        assertThat(store.size()).isEqualTo(1);
        assertThat(stored(0).origin(0).position()).isZero();
    }

    @Test
    void mapsLearnHowTheirPassFared() {
        pass(1, 0, FIRST);
        pending.noteOutcome(new CacheCounters(3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        pass(1, 1, FIRST);
        pending.noteOutcome(new CacheCounters(4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        pending.settleAll();
        assertThat(stored(0).origin(0).hits()).isEqualTo(3);
        assertThat(stored(0).origin(0).misses()).isEqualTo(1);
        assertThat(stored(1).origin(0).hits()).isEqualTo(4);
    }

    @Test
    void settlingLosesNothing() {
        for (int position = 0; position < 40; position++) {
            pass(1, position, FIRST);
        }
        pending.settleAll();
        assertThat(store.size()).isEqualTo(40);
    }
}
