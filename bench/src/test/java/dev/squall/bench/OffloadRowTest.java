package dev.squall.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** How a row says that it decoded faster than another: the ratio of sums and its 95 % interval over prompts. */
class OffloadRowTest {
    private static OffloadRow row(long... decodeSeconds) {
        OffloadRow row = new OffloadRow("some", false);
        for (long seconds : decodeSeconds) {
            row.add(new LlamaChats.Cost(10, 1_000_000_000, 20, seconds * 1_000_000_000));
        }
        return row;
    }

    private static String speedUp(OffloadRow row, OffloadRow first) {
        String[] cells = row.line(Double.NaN, Double.NaN, first).split("\\|");
        return cells[cells.length - 1].strip();
    }

    @Test
    void aRowThatTakesHalfTheTimeOfEachPromptIsTwiceAsFastWithoutDoubt() {
        assertThat(speedUp(row(1, 3, 5), row(2, 6, 10))).isEqualTo("2.000 ± 0.000");
        assertThat(speedUp(row(2, 6, 10), row(1, 3, 5))).isEqualTo("0.500 ± 0.000");
    }

    @Test
    void aRowIsAsFastAsItself() {
        OffloadRow row = row(4, 1, 7, 2);
        assertThat(speedUp(row, row)).isEqualTo("1.000 ± 0.000");
    }

    /** Residuals of -1 and 1 have a variance of 2, that of their mean is 1, and the mean of the row's times is 1 second. */
    @Test
    void promptsThatDisagreeWidenTheInterval() {
        assertThat(speedUp(row(1, 1), row(1, 3))).isEqualTo("2.000 ± 1.960");
    }

    /** The same residuals twice: variance 4/3, that of the mean of four 1/3. */
    @Test
    void morePromptsNarrowIt() {
        assertThat(speedUp(row(1, 1, 1, 1), row(1, 3, 1, 3))).isEqualTo("2.000 ± 1.132");
    }

    @Test
    void longPromptsWeighMoreThanShortOnes() {
        assertThat(speedUp(row(1, 9), row(3, 12))).startsWith("1.500 ± ");
    }

    @Test
    void onePromptHasNoInterval() {
        assertThat(speedUp(row(4), row(6))).isEqualTo("1.50");
    }
}
