package dev.squall.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.cli.process.CommandFailure;
import dev.squall.tokenizer.ChatMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConversationFileTest {
    private static final ConversationFile CHAT = new ConversationFile(
            "a model",
            -7,
            List.of(
                    new ChatMessage(ChatMessage.Role.SYSTEM, "be brief"),
                    new ChatMessage(ChatMessage.Role.USER, "line\n\"two\" \u00e9 \ud83d\ude00"),
                    new ChatMessage(ChatMessage.Role.ASSISTANT, "")));

    @TempDir
    Path directory;

    @Test
    void readsWhatItWrote() throws IOException {
        Path file = directory.resolve("chat.json");

        CHAT.write(file);

        assertThat(ConversationFile.read(file)).isEqualTo(CHAT);
        assertThat(directory).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void takesThePlaceOfAnEarlierChatAlsoBehindALink() throws IOException {
        Path file = directory.resolve("chat.json");
        new ConversationFile("other", 1, List.of()).write(file);
        Path link = Files.createSymbolicLink(directory.resolve("link.json"), file);

        CHAT.write(link);

        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(ConversationFile.read(file)).isEqualTo(CHAT);
    }

    @Test
    void takesThePlaceOfNoOtherFile() throws IOException {
        Path file = Files.writeString(directory.resolve("letter.txt"), "dear all");

        assertThatThrownBy(() -> CHAT.write(file))
                .isInstanceOf(CommandFailure.class)
                .hasMessage(file + " exists and is no saved chat: choose another name");
        assertThat(file).hasContent("dear all");
    }

    @Test
    void saysThatThereIsNoSuchFolder() {
        Path file = directory.resolve("none/chat.json");

        assertThatThrownBy(() -> CHAT.write(file))
                .hasMessage(
                        file + ": there is no folder " + directory.resolve("none") + ": make it, or name another file");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`` | format is missing, expected \"squall-chat\"",
                "{ | not JSON: Unexpected end-of-input",
                "[] | format is missing",
                "{\"format\":\"squall-chat\",\"version\":2} | version is 2, expected 1, which this Squall writes",
                "{\"format\":\"squall-chat\",\"version\":\"1\"} | version is \"1\", expected 1",
                "{\"format\":\"squall-chat\",\"version\":1,\"version\":1} | not JSON: Duplicate",
                "{\"format\":\"squall-chat\",\"version\":1} | model is missing, expected a name",
                "{\"format\":\"squall-chat\",\"version\":1,\"model\":\"m\"} | seed is missing, expected a whole number",
                "{\"format\":\"squall-chat\",\"version\":1,\"model\":\"m\",\"seed\":1.5} | seed is 1.5, expected a whole number",
                "{\"format\":\"squall-chat\",\"version\":1,\"model\":\"m\",\"seed\":1} | messages is no array, expected an array",
                "{\"format\":\"squall-chat\",\"version\":1,\"model\":\"m\",\"seed\":1,\"messages\":[3]} | messages[0].content is missing",
                "{\"format\":\"squall-chat\",\"version\":1,\"model\":\"m\",\"seed\":1,\"messages\":[{\"role\":\"tool\",\"content\":\"\"}]} | messages[0].role is \"tool\", expected system, user or assistant",
                "{\"format\":\"squall-chat\",\"version\":1,\"model\":\"m\",\"seed\":1,\"messages\":[]} {} | not JSON: more than one value",
            })
    void refusesWhatIsNoChat(String json, String message) throws IOException {
        Path file = Files.writeString(directory.resolve("chat.json"), json);

        assertThatThrownBy(() -> ConversationFile.read(file))
                .isInstanceOf(CommandFailure.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message);
    }
}
