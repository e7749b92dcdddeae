package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.expert.CacheCounters;
import dev.squall.model.RowBatch;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class CapturedTest {
    private static final MapShape SHAPE = new MapShape(2, 4, 1, 8);

    /** Rows that are observed of a pass with so many of each sequence. */
    private static Captured pass(int... rowsOfSequences) {
        int size = Arrays.stream(rowsOfSequences).sum();
        int[] sequences = new int[size];
        int[] positions = new int[size];
        int row = 0;
        for (int sequence = 0; sequence < rowsOfSequences.length; sequence++) {
            for (int i = 0; i < rowsOfSequences[sequence]; i++) {
                sequences[row] = sequence;
                positions[row++] = i;
            }
        }
        Captured captured = new Captured(SHAPE, false);
        captured.takePass(0, new RowBatch(new int[size], sequences, positions), new long[64], CacheCounters.ZERO);
        return captured;
    }

    private static int[] observed(Captured captured) {
        return Arrays.copyOf(captured.rows, captured.rowCount);
    }

    @Test
    void observesAllRowsOfASmallPass() {
        assertThat(observed(pass(3, 1, 4))).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
        assertThat(observed(pass(1))).containsExactly(0);
    }

    @Test
    void spreadsOverAPrompt() {
        assertThat(observed(pass(80))).containsExactly(9, 19, 29, 39, 49, 59, 69, 79);
        assertThat(observed(pass(9))).hasSize(8).contains(8).doesNotHaveDuplicates();
    }

    @Test
    void observesEachSequencesLastRowBeforeOthers() {
        Captured captured = pass(1, 1, 1, 40, 1, 20);
        assertThat(observed(captured))
                .hasSize(8)
                .contains(0, 1, 2, 42, 43, 63)
                .doesNotHaveDuplicates()
                .isSorted();
        assertThat(captured.phase).isEqualTo(Phase.PREFILL);
        assertThat(captured.rowsOfPass).isEqualTo(64);
    }

    @Test
    void spreadsOverSequencesWhereThereAreMany() {
        int[] ones = new int[16];
        Arrays.fill(ones, 1);
        Captured captured = pass(ones);
        assertThat(observed(captured)).containsExactly(1, 3, 5, 7, 9, 11, 13, 15);
        assertThat(captured.phase).isEqualTo(Phase.DECODE);
    }
}
