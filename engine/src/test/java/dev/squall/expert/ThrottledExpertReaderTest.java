package dev.squall.expert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.gguf.BlockType;
import dev.squall.model.ExpertWeights;
import dev.squall.model.WeightMatrix;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ThrottledExpertReaderTest {
    private final List<Long> waits = new ArrayList<>();
    private long now = 1_000;

    /** Gives every expert three rows of 8 F32 numbers: 96 bytes. */
    private static final class Small implements ExpertReader {
        private boolean closed;

        @Override
        public long slotBytes() {
            return 96;
        }

        @Override
        public long slotAlignment() {
            return 64;
        }

        @Override
        public ExpertWeights read(int layer, int expert, MemorySegment slot) {
            WeightMatrix matrix = new WeightMatrix(BlockType.F32, slot.asSlice(0, 32), 1, 8);
            return new ExpertWeights(matrix, matrix, matrix);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private void waitUntil(long nanos) {
        waits.add(nanos);
    }

    @Test
    void readsPassOneAfterAnotherOverTheLink() throws IOException {
        try (ThrottledExpertReader reader = new ThrottledExpertReader(new Small(), 96e6, () -> now, this::waitUntil)) {
            MemorySegment slot = MemorySegment.ofArray(new byte[96]);
            reader.read(0, 0, slot);
            reader.read(0, 1, slot);
            now = 10_000;
            reader.read(0, 2, slot);
        }
        assertThat(waits).containsExactly(2_000L, 3_000L, 11_000L);
    }

    @Test
    void slotsAreThoseOfTheReaderBehindIt() {
        Small behind = new Small();
        try (ThrottledExpertReader reader = new ThrottledExpertReader(behind, 1)) {
            assertThat(reader.slotBytes()).isEqualTo(96);
            assertThat(reader.slotAlignment()).isEqualTo(64);
        }
        assertThat(behind.closed).isTrue();
    }

    @Test
    void aLinkWithoutBandwidthIsRefused() {
        assertThatThrownBy(() -> new ThrottledExpertReader(new Small(), 0))
                .hasMessage("a link of 0.0 bytes/s, expected more than 0");
        assertThatThrownBy(() -> ExpertCacheOptions.ofShare(0.5, false).throttledTo(-1))
                .hasMessage("a link of -1.0 bytes/s, expected 0 or more");
    }
}
