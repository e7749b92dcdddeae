package dev.squall.compute;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.model.RowBatch;
import org.junit.jupiter.api.Test;

class BackendOptionsTest {
    private final BackendOptions options = new BackendOptions(1, 2, 3, 4, null);

    @Test
    void refusesABatchBeyondTheLimitsAndNamesWhatIs() {
        assertThatCode(() -> check(9, 2, 3)).doesNotThrowAnyException();
        refuses(10, 2, 3, "token=10, expected from 0 to 9");
        refuses(-1, 2, 3, "token=-1, expected from 0 to 9");
        refuses(9, 3, 3, "sequence=3, expected from 0 to 2");
        refuses(9, 2, 4, "position=4, expected from 0 to 3");
        assertThatThrownBy(() -> options.check(RowBatch.ofSequence(new int[3], 0, 3, 0, 0), 10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a batch of 3 rows, expected at most 2");
    }

    private void check(int token, int sequence, int position) {
        options.check(new RowBatch(new int[] {0, token}, new int[] {0, sequence}, new int[] {0, position}), 10);
    }

    private void refuses(int token, int sequence, int position, String message) {
        assertThatThrownBy(() -> check(token, sequence, position))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
