package dev.squall.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.cli.option.Sizes;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.Failures;
import dev.squall.cli.process.Home;
import dev.squall.cli.terminal.TerminalText;
import dev.squall.cli.terminal.WrappedText;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The small things that make text of numbers, sizes and foreign characters. */
class TextTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 bytes",
        "1023, 1023 bytes",
        "1024, 1.00 KiB",
        "10240, 10.0 KiB",
        "1048575, 1024 KiB",
        "9477760, 9.04 MiB",
        "5000000000000, 4.55 TiB"
    })
    void bytesHaveThreeDigits(long bytes, String expected) {
        assertThat(Sizes.bytes(bytes)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "512M, 536870912",
        "1.5g, 1610612736",
        "8GiB, 8589934592",
        "8589934592, 8589934592",
        "1048576T, 1152921504606846976"
    })
    void sizesAreBytesOrBinaryUnits(String text, long expected) {
        assertThat(Sizes.parse("--x", text, "a size")).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "8X, --x '8X': expected a size",
        "-1, --x '-1': expected a size",
        "0.5, --x 0.5: expected 1 byte to 1048576T",
        "1048577T, --x 1048577T: expected 1 byte to 1048576T",
        "999999999999999999T, --x 999999999999999999T: expected 1 byte to 1048576T"
    })
    void sizesHaveBounds(String text, String message) {
        assertThatThrownBy(() -> Sizes.parse("--x", text, "a size"))
                .isInstanceOf(CommandFailure.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource({"999, 999", "1000, 1.00 thousand", "8777664, 8.78 million", "46702792704, 46.7 billion"})
    void countsHaveThreeDigits(long count, String expected) {
        assertThat(Sizes.count(count)).isEqualTo(expected);
    }

    @Test
    void controlCharactersBecomeVisible() {
        assertThat(TerminalText.printable("a\n\tb\u001b[31mc\u007f\u0085\r"))
                .isEqualTo("a\n\tb\u241b[31mc\u2421\uFFFD\u240d");
        assertThat(TerminalText.printable("caf\u00e9 \ud83d\ude00")).isEqualTo("caf\u00e9 \ud83d\ude00");
    }

    @Test
    void memoryThatTheMachineRefusesIsNotBlamedOnTheHeap() {
        assertThat(Failures.describe(new OutOfMemoryError("Unable to allocate 5368709168 bytes")))
                .isEqualTo(
                        "out of memory: unable to allocate 5368709168 bytes: free memory, or use a smaller --ctx-size,"
                                + " --expert-cache or --concurrency");
        assertThat(Failures.describe(new OutOfMemoryError("Java heap space")))
                .startsWith("out of memory: the Java heap may take ");
    }

    @Test
    void aNameStaysOnOneLine() {
        assertThat(TerminalText.line("a\nsquall: b\tc\u001b")).isEqualTo("a squall: b c\u241b");
    }

    @Test
    void linesBreakBetweenWords() {
        assertThat(WrappedText.lines("one two three four five six seven", 20, 0))
                .containsExactly("one two three four", "five six seven");
        assertThat(WrappedText.lines("one two three four five six", 26, 6))
                .containsExactly("one two three four", "five six");
        assertThat(WrappedText.lines("a-word-that-is-longer-than-the-line is kept", 20, 0))
                .containsExactly("a-word-that-is-longer-than-the-line", "is kept");
        assertThat(WrappedText.lines("one two three four five six seven", 0, 0)).hasSize(1);
        assertThat(WrappedText.of("one two three four five six", 26, 6))
                .isEqualTo("one two three four\n      five six");
    }

    @Test
    void homeIsWhereTheEnvironmentSays() {
        Environment environment = new Environment(Map.of("HOME", "/h"));

        assertThat(Home.squall(environment)).hasToString("/h/.squall");
        assertThat(Home.cache(environment)).hasToString("/h/.cache/squall");
        assertThat(Home.cache(new Environment(Map.of("HOME", "/h", "XDG_CACHE_HOME", "/c"))))
                .hasToString("/c/squall");
        assertThat(Home.expand("~", environment)).hasToString("/h");
        assertThat(Home.expand("~/a b", environment)).hasToString("/h/a b");
        assertThat(Home.expand("~other/a", environment)).hasToString("~other/a");
    }
}
