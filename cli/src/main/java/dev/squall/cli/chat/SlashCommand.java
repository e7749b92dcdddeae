package dev.squall.cli.chat;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What can be asked of the chat itself. */
enum SlashCommand {
    HELP("", "this list"),
    CLEAR("", "forget the chat; the system message stays"),
    REGEN("", "answer the last message again"),
    SYSTEM("[TEXT]", "set the system message, or show it; \"\" removes it"),
    SET("NAME VALUE", "change an option: " + String.join(", ", ChatSettings.NAMES)),
    SHOW("", "show the model and the options"),
    STATS("", "show what the chat has cost so far, answer by answer"),
    EXPERTS("", "show which experts the last answer used, and which are in memory"),
    INDEX("", "show which learnt maps the last answer was like"),
    READ("FILE", "put a text file in front of the next message"),
    SAVE("FILE", "save the chat as JSON"),
    LOAD("FILE", "take up a saved chat"),
    EXIT("", "leave, as does Ctrl-D");

    private final String argument;
    private final String purpose;

    SlashCommand(String argument, String purpose) {
        this.argument = argument;
        this.purpose = purpose;
    }

    /** As it is typed. */
    String typed() {
        return "/" + name().toLowerCase(Locale.ROOT);
    }

    /** What comes after it, empty if nothing. */
    String argument() {
        return argument;
    }

    String purpose() {
        return purpose;
    }

    boolean takesFile() {
        return argument.equals("FILE");
    }

    static Optional<SlashCommand> of(String typed) {
        // What other chats call them is understood, too.
        String own =
                switch (typed) {
                    case "/?" -> "/help";
                    case "/bye", "/quit" -> "/exit";
                    case "/regenerate", "/retry" -> "/regen";
                    default -> typed;
                };
        return Arrays.stream(values())
                .filter(command -> command.typed().equals(own))
                .findFirst();
    }
}
