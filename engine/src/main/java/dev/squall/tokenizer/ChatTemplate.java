package dev.squall.tokenizer;

import dev.squall.gguf.GgufMetadata;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * How a model wants a conversation written: the Jinja template of its file, rendered with the conventions of Hugging
 * Face's transformers. Only what the template itself writes can become a control token, see {@link ContentMarks}.
 * Immutable; any thread may use it.
 */
public final class ChatTemplate {
    /** The longest template, in characters. */
    public static final int SOURCE_LENGTH_MAX = 1 << 20;

    private static final String KEY = "tokenizer.chat_template";
    private static final long STEPS_BASE = 5_000_000;
    private static final long STEPS_PER_CHARACTER = 100;

    private final String source;
    private final List<TemplateNode> template;
    private final Tokenizer tokenizer;
    private final SpecialTokenMatcher controlTokens;
    private final Clock clock;

    private ChatTemplate(String source, Tokenizer tokenizer, Clock clock) {
        if (source.length() > SOURCE_LENGTH_MAX) {
            throw new ChatTemplateException(
                    KEY + " has " + source.length() + " characters, expected at most " + SOURCE_LENGTH_MAX);
        }
        this.source = source;
        this.template = TemplateParser.parse(source);
        this.tokenizer = tokenizer;
        this.controlTokens = new SpecialTokenMatcher(tokenizer.controlTokens());
        this.clock = clock;
    }

    /** Whether a model file has a chat template; a model without one continues text rather than converses. */
    public static boolean isIn(GgufMetadata metadata) {
        return metadata.contains(KEY);
    }

    /**
     * The chat template of a model file.
     *
     * @throws ChatTemplateException if it has none or it is malformed
     */
    public static ChatTemplate fromMetadata(GgufMetadata metadata, Tokenizer tokenizer) {
        if (!isIn(metadata)) {
            throw new ChatTemplateException("the model has no " + KEY + " in " + metadata.file()
                    + ": use it without a chat template, as a model that continues text");
        }
        return of(metadata.string(KEY), tokenizer);
    }

    /**
     * A chat template.
     *
     * @param source in Jinja
     * @throws ChatTemplateException if it is malformed
     */
    public static ChatTemplate of(String source, Tokenizer tokenizer) {
        return of(source, tokenizer, Clock.system(ZoneId.systemDefault()));
    }

    /** A chat template for which it is the time of this clock. */
    static ChatTemplate of(String source, Tokenizer tokenizer, Clock clock) {
        return new ChatTemplate(source, tokenizer, clock);
    }

    /** The template as its model's file has it. */
    public String source() {
        return source;
    }

    /**
     * Writes a conversation.
     *
     * @param addGenerationPrompt whether to begin the answer of the assistant
     * @throws ChatTemplateException if the template refuses the conversation, fails, or does too much
     */
    public RenderedChat render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        return render(messages, addGenerationPrompt, Map.of());
    }

    /**
     * Writes a conversation.
     *
     * @param addGenerationPrompt whether to begin the answer of the assistant
     * @param options what the template may know besides, such as {@code enable_thinking}; texts, integers and booleans
     * @throws ChatTemplateException if the template refuses the conversation, fails, or does too much
     */
    public RenderedChat render(List<ChatMessage> messages, boolean addGenerationPrompt, Map<String, Object> options) {
        List<String> texts = new ArrayList<>(List.of(source));
        messages.forEach(message -> texts.add(message.content()));
        options.values().forEach(option -> texts.add(option.toString()));
        ContentMarks marks = ContentMarks.of(tokenizer.controlTokens().keySet(), texts);

        Map<String, Object> globals = new HashMap<>();
        options.forEach((name, value) -> globals.put(name, option(name, value, marks)));
        List<Object> entries = new ArrayList<>();
        for (ChatMessage message : messages) {
            Map<String, Object> entry = new HashMap<>();
            entry.put("role", message.role().text());
            entry.put("content", marks.mark(Utf8.wellFormed(message.content())));
            entries.add(entry);
        }
        globals.put("messages", entries);
        globals.put("add_generation_prompt", addGenerationPrompt);
        putToken("bos_token", tokenizer.bos(), globals);
        putToken("eos_token", tokenizer.eos(), globals);
        globals.put("raise_exception", (TemplateValue.Function) (arguments, _) -> {
            throw new ChatTemplateException("the model's chat template refuses the conversation: "
                    + (arguments.isEmpty()
                            ? "no reason given"
                            : marks.plain(TemplateValue.text(arguments.getFirst()))));
        });
        globals.put("strftime_now", (TemplateValue.Function) (arguments, _) -> DateFormat.format(
                arguments.isEmpty() ? "" : TemplateValue.text(arguments.getFirst()), LocalDateTime.now(clock)));

        long characters = texts.stream().mapToLong(String::length).sum();
        long stepsMax = STEPS_BASE + STEPS_PER_CHARACTER * characters;
        return parts(new TemplateRenderer(marks, globals, stepsMax).render(template), marks);
    }

    private static Object option(String name, Object value, ContentMarks marks) {
        return switch (value) {
            case String text -> marks.mark(Utf8.wellFormed(text));
            case Boolean bool -> bool;
            case Integer number -> number.longValue();
            case Long number -> number;
            default ->
                throw new IllegalArgumentException("chat template option '" + name + "' is a "
                        + value.getClass().getSimpleName() + ", expected a text, an integer or a boolean");
        };
    }

    private void putToken(String name, OptionalInt token, Map<String, Object> globals) {
        token.ifPresent(id -> globals.put(name, tokenizer.text(id)));
    }

    private RenderedChat parts(String rendered, ContentMarks marks) {
        List<RenderedChat.Part> parts = new ArrayList<>();
        int start = 0;
        for (SpecialTokenMatcher.Match match : controlTokens.find(rendered)) {
            parts.add(new RenderedChat.Text(marks.plain(rendered.substring(start, match.from()))));
            parts.add(new RenderedChat.Control(match.token(), rendered.substring(match.from(), match.to())));
            start = match.to();
        }
        parts.add(new RenderedChat.Text(marks.plain(rendered.substring(start))));
        return new RenderedChat(parts);
    }
}
