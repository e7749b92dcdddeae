package dev.squall.cli.option;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpellingTest {
    @ParameterizedTest
    @CsvSource({
        "'', '', 0",
        "'', abc, 3",
        "temp, temp, 0",
        "tmep, temp, 1",
        "tem, temp, 1",
        "temp, tem, 1",
        "tamp, temp, 1",
        "kitten, sitting, 3",
        "ab, ba, 1",
        "abc, cab, 2"
    })
    void countsWhatIsToChange(String one, String other, int mistakes) {
        assertThat(Spelling.mistakes(one, other)).isEqualTo(mistakes);
        assertThat(Spelling.mistakes(other, one)).isEqualTo(mistakes);
    }

    @Test
    void namesTheWordWithFewestMistakesOrNone() {
        List<String> known = List.of("--top-p", "--top-k", "--temp", "--threads");

        assertThat(Spelling.likeliest("--tmep", known)).hasValue("--temp");
        assertThat(Spelling.likeliest("--top-", known)).hasValue("--top-k");
        assertThat(Spelling.likeliest("--mlock", known)).isEmpty();
        assertThat(Spelling.likeliest("-x", List.of())).isEmpty();
    }
}
