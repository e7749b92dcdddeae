package dev.squall.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.cli.process.Streams;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProgressLineTest {
    private static final Duration TEN = Duration.ofSeconds(10);

    @Test
    void tellsCountRateWhatElseIsKnownAndTimeLeft() {
        assertThat(ProgressLine.text(392, 700, 392, TEN, "", "647 tokens/s, 26 % hit", 80))
                .isEqualTo("392/700 [===============             ] 39.2/s, 647 tokens/s, 26 % hit, 0:08 left");
    }

    @Test
    void countsTimeLeftByWhatThisStartHasDone() {
        assertThat(ProgressLine.text(9_000, 10_000, 10, TEN, "", "", 80)).endsWith("] 1.0/s, 16:40 left");
        assertThat(ProgressLine.text(0, 20_000, 0, TEN, "", "", 80)).endsWith("]");
        assertThat(ProgressLine.text(2, 20_000, 2, TEN, "", "", 80)).endsWith(" 0.2/s, 27:46:30 left");
        assertThat(ProgressLine.text(7, 7, 7, TEN, "", "x", 60)).endsWith("=] 0.7/s, x");
    }

    @Test
    void noLineBeginsWhereAllIsDone() {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
        Streams terminal = new Streams(InputStream.nullInputStream(), nowhere, nowhere, true, true, true);
        assertThat(ProgressLine.start(terminal, 60, 60)).isNull();
        assertThat(ProgressLine.start(terminal, 0, 0)).isNull();
    }

    @Test
    void saysWhatIsCountedWhereThatIsNotClear() {
        assertThat(ProgressLine.text(50, 100, 50, TEN, "MiB", "", 80))
                .startsWith(" 50/100 MiB [=====")
                .endsWith("] 5.0 MiB/s, 0:10 left");
        assertThat(ProgressLine.text(0, 100, 0, TEN, "", "making graphs", 80)).endsWith("] making graphs");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 20, 40, 59, 60, 61, 80, 200})
    void staysWithinTheWidth(int width) {
        String line = ProgressLine.text(392, 700, 392, TEN, "", "647 tokens/s, 26 % hit", width);
        assertThat(line).hasSizeLessThanOrEqualTo(width);
        if (width >= 56) {
            assertThat(line).contains("392/700", "39.2/s", "647 tokens/s", "26 % hit", "0:08 left");
        }
    }
}
