package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ContinuationTest {
    private static final MapShape SHAPE = new MapShape(1, 3, 1, 4);

    @Test
    void knowsHowManyPassesLaterAnExpertWasUsedFirst() {
        byte[] continuation = Continuation.begin(SHAPE);
        Continuation.append(continuation, new int[] {1});
        Continuation.append(continuation, new int[] {0, 1});
        assertThat(Continuation.passes(continuation)).isEqualTo(2);
        assertThat(Continuation.nextUse(continuation, 0)).isEqualTo(2);
        assertThat(Continuation.nextUse(continuation, 1)).isEqualTo(1);
        assertThat(Continuation.nextUse(continuation, 2)).isZero();
    }

    @Test
    void nothingIsKnownOfNoBytes() {
        assertThat(Continuation.passes(new byte[0])).isZero();
    }

    @Test
    void refusesWhatCannotBeOne() {
        assertThatThrownBy(() -> Continuation.require(new byte[] {2, 3}, 4))
                .hasMessage("a continuation of 2 passes has a next use after 3, expected from 0 to 2");
        assertThatThrownBy(() -> Continuation.require(new byte[] {17}, 4))
                .hasMessage("a continuation of 17 passes, expected from 0 to 16");
        assertThatThrownBy(() -> Continuation.require(new byte[6], 4))
                .hasMessage("a continuation of 5 experts with a map of 4 probabilities, expected no more");
    }
}
