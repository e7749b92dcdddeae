package dev.squall.tokenizer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement of a template. */
sealed interface TemplateNode {
    /** Text as it stands in the template. */
    record Data(String text) implements TemplateNode {}

    record Print(TemplateExpression value, int line) implements TemplateNode {}

    /** {@code if}, {@code elif} and {@code else}. */
    record If(List<Branch> branches, List<TemplateNode> otherwise) implements TemplateNode {}

    record Branch(TemplateExpression condition, List<TemplateNode> body, int line) {}

    /**
     * A loop.
     *
     * @param names one, or several that each item is unpacked into
     * @param filter only items for which it holds take part
     * @param otherwise runs if there is no item
     */
    record For(
            List<String> names,
            TemplateExpression items,
            @Nullable TemplateExpression filter,
            List<TemplateNode> body,
            List<TemplateNode> otherwise,
            int line)
            implements TemplateNode {}

    /** Assigns to names, or to an attribute of a namespace. */
    record Assign(List<String> names, @Nullable String attribute, TemplateExpression value, int line)
            implements TemplateNode {}

    /** Assigns what the body prints. */
    record Capture(String name, @Nullable String attribute, List<TemplateNode> body, int line)
            implements TemplateNode {}

    record Macro(String name, List<Parameter> parameters, List<TemplateNode> body, int line) implements TemplateNode {}

    record Parameter(String name, @Nullable TemplateExpression preset) {}

    /** Prints what the body prints through a filter; the filter's input stands for it. */
    record FilterBlock(String filter, TemplateExpression.Arguments arguments, List<TemplateNode> body, int line)
            implements TemplateNode {}

    /** {@code break} or {@code continue}. */
    record Jump(boolean leaves) implements TemplateNode {}
}
