package dev.squall.tokenizer;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An expression of a template. */
sealed interface TemplateExpression {
    record Literal(Object value) implements TemplateExpression {}

    record Name(String name) implements TemplateExpression {}

    record Sequence(List<TemplateExpression> items) implements TemplateExpression {}

    record Dictionary(List<Entry> entries) implements TemplateExpression {}

    record Entry(TemplateExpression key, TemplateExpression value) {}

    record Attribute(TemplateExpression base, String name) implements TemplateExpression {}

    record Item(TemplateExpression base, TemplateExpression index) implements TemplateExpression {}

    record Slice(
            TemplateExpression base,
            @Nullable TemplateExpression from,
            @Nullable TemplateExpression to,
            @Nullable TemplateExpression step)
            implements TemplateExpression {}

    record Arguments(List<TemplateExpression> positional, Map<String, TemplateExpression> named) {}

    record Call(TemplateExpression callee, Arguments arguments) implements TemplateExpression {}

    record Filter(TemplateExpression input, String name, Arguments arguments) implements TemplateExpression {}

    record Test(TemplateExpression input, String name, Arguments arguments, boolean negated)
            implements TemplateExpression {}

    record Not(TemplateExpression operand) implements TemplateExpression {}

    record Negative(TemplateExpression operand) implements TemplateExpression {}

    record And(TemplateExpression left, TemplateExpression right) implements TemplateExpression {}

    record Or(TemplateExpression left, TemplateExpression right) implements TemplateExpression {}

    /** An arithmetic operator or {@code ~}, which joins texts. */
    record Binary(String operator, TemplateExpression left, TemplateExpression right) implements TemplateExpression {}

    /** A chain such as {@code a < b < c}: each link compares with the operand before it. */
    record Comparison(TemplateExpression first, List<Link> links) implements TemplateExpression {}

    record Link(String operator, TemplateExpression operand) {}

    record Choice(
            TemplateExpression condition,
            TemplateExpression value,
            @Nullable TemplateExpression otherwise) implements TemplateExpression {}
}
