package dev.squall.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jline.reader.EOFError;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser.ParseContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatLineParserTest {
    private final ChatLineParser parser = new ChatLineParser();

    @ParameterizedTest
    @ValueSource(strings = {"\"\"\"", "\"\"\"a\nb", "  \"\"\"a\"\"", "/system \"\"\"a"})
    void waitsForTheClosingMarks(String line) {
        assertThatThrownBy(() -> parser.parse(line, line.length(), ParseContext.ACCEPT_LINE))
                .isInstanceOf(EOFError.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a \"quote\" that's open",
                "a\\",
                "\"\"\"a\"\"\"",
                "\"\"\"\"\"\"",
                "say \"\"\" aloud",
                "/read \""
            })
    void takesAnythingElseAsItIs(String line) {
        assertThat(parser.parse(line, line.length(), ParseContext.ACCEPT_LINE).line())
                .isEqualTo(line);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "/read a b.txt | /read | a b.txt",
                "/help | /help | ``",
                "` /etc is a folder` | `` | /etc is a folder",
                "`\"\"\"a\"\"\"` | `` | a",
                "`\"\"\"\na\n\nb\n\"\"\"` | `` | `a\n\nb`",
                "`/system \"\"\"a\nb\"\"\"` | /system | `a\nb`",
                "`/system \"\"` | /system | `\"\"`",
                "say \"\"\"x\"\"\" | `` | say \"\"\"x\"\"\"",
            })
    void splitsCommandAndArgument(String line, String command, String argument) {
        assertThat(ChatLineParser.command(line)).isEqualTo(command);
        assertThat(ChatLineParser.argument(line)).isEqualTo(argument);
    }

    @Test
    void completesAFileNameWithSpacesAsOneWord() {
        ParsedLine line = parser.parse("/read my fi", 11, ParseContext.COMPLETE);

        assertThat(line.word()).isEqualTo("my fi");
        assertThat(line.wordIndex()).isEqualTo(1);
        assertThat(line.wordCursor()).isEqualTo(5);
    }

    @Test
    void completesTheCommandWhileTheCursorIsOnIt() {
        ParsedLine line = parser.parse("/re x", 2, ParseContext.COMPLETE);

        assertThat(line.word()).isEqualTo("/re");
        assertThat(line.wordIndex()).isZero();
    }
}
