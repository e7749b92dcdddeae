package dev.squall.tokenizer;

import java.util.Locale;

/**
 * One message of a conversation.
 *
 * @param role who says it
 * @param content what is said; never read as control tokens
 */
public record ChatMessage(Role role, String content) {
    /** Who speaks. Templates know the roles by these names in lower case. */
    public enum Role {
        SYSTEM,
        USER,
        ASSISTANT;

        /** The name that chat templates and the OpenAI API use. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public static ChatMessage system(String content) {
        return new ChatMessage(Role.SYSTEM, content);
    }

    public static ChatMessage user(String content) {
        return new ChatMessage(Role.USER, content);
    }

    public static ChatMessage assistant(String content) {
        return new ChatMessage(Role.ASSISTANT, content);
    }
}
