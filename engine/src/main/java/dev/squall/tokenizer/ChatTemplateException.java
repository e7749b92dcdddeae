package dev.squall.tokenizer;

/** A chat template that is missing, malformed or too costly, or that refuses a conversation. */
public final class ChatTemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ChatTemplateException(String message) {
        super(message);
    }

    static ChatTemplateException at(int line, String problem) {
        return new ChatTemplateException("tokenizer.chat_template line " + line + ": " + problem);
    }
}
