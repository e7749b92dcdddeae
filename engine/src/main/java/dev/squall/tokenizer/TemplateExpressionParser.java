package dev.squall.tokenizer;

import dev.squall.tokenizer.TemplateToken.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the expressions within a template's tags, from the loosest operator to the tightest. */
final class TemplateExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> KEYWORDS = Set.of("else", "or", "and", "not", "is", "in", "if");

    private final TemplateTokens tokens;

    TemplateExpressionParser(TemplateTokens tokens) {
        this.tokens = tokens;
    }

    /** An expression, or several separated by commas, which make a sequence. */
    TemplateExpression tuple() {
        TemplateExpression first = expression();
        if (!tokens.peek().is(Kind.OPERATOR, ",")) {
            return first;
        }
        List<TemplateExpression> items = new ArrayList<>(List.of(first));
        while (tokens.accept(Kind.OPERATOR, ",")) {
            if (tokens.peek().kind() == Kind.BLOCK_END
                    || tokens.peek().kind() == Kind.PRINT_END
                    || tokens.peek().is(Kind.OPERATOR, ")")) {
                break;
            }
            items.add(expression());
        }
        return new TemplateExpression.Sequence(items);
    }

    TemplateExpression expression() {
        tokens.enter();
        TemplateExpression value = or();
        while (tokens.accept(Kind.NAME, "if")) {
            TemplateExpression condition = or();
            TemplateExpression otherwise = tokens.accept(Kind.NAME, "else") ? expression() : null;
            value = new TemplateExpression.Choice(condition, value, otherwise);
        }
        tokens.leave();
        return value;
    }

    /** For the items of a loop, where {@code if} begins its filter. */
    TemplateExpression withoutChoice() {
        TemplateExpression first = or();
        if (!tokens.peek().is(Kind.OPERATOR, ",")) {
            return first;
        }
        List<TemplateExpression> items = new ArrayList<>(List.of(first));
        while (tokens.accept(Kind.OPERATOR, ",")) {
            items.add(or());
        }
        return new TemplateExpression.Sequence(items);
    }

    private TemplateExpression or() {
        TemplateExpression left = and();
        while (tokens.accept(Kind.NAME, "or")) {
            left = new TemplateExpression.Or(left, and());
        }
        return left;
    }

    private TemplateExpression and() {
        TemplateExpression left = not();
        while (tokens.accept(Kind.NAME, "and")) {
            left = new TemplateExpression.And(left, not());
        }
        return left;
    }

    private TemplateExpression not() {
        if (tokens.accept(Kind.NAME, "not")) {
            tokens.enter();
            TemplateExpression operand = not();
            tokens.leave();
            return new TemplateExpression.Not(operand);
        }
        return comparison();
    }

    private TemplateExpression comparison() {
        TemplateExpression first = sum();
        List<TemplateExpression.Link> links = new ArrayList<>();
        while (true) {
            TemplateToken token = tokens.peek();
            if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                tokens.skip(1);
                links.add(new TemplateExpression.Link(token.text(), sum()));
            } else if (tokens.accept(Kind.NAME, "in")) {
                links.add(new TemplateExpression.Link("in", sum()));
            } else if (token.is(Kind.NAME, "not") && tokens.peek(1).is(Kind.NAME, "in")) {
                tokens.skip(2);
                links.add(new TemplateExpression.Link("not in", sum()));
            } else {
                return links.isEmpty() ? first : new TemplateExpression.Comparison(first, links);
            }
        }
    }

    private TemplateExpression sum() {
        TemplateExpression left = joined();
        while (tokens.peek().is(Kind.OPERATOR, "+") || tokens.peek().is(Kind.OPERATOR, "-")) {
            left = new TemplateExpression.Binary(tokens.next().text(), left, joined());
        }
        return left;
    }

    private TemplateExpression joined() {
        TemplateExpression left = product();
        while (tokens.accept(Kind.OPERATOR, "~")) {
            left = new TemplateExpression.Binary("~", left, product());
        }
        return left;
    }

    private TemplateExpression product() {
        TemplateExpression left = power();
        while (tokens.peek().kind() == Kind.OPERATOR
                && Set.of("*", "/", "//", "%").contains(tokens.peek().text())) {
            left = new TemplateExpression.Binary(tokens.next().text(), left, power());
        }
        return left;
    }

    private TemplateExpression power() {
        TemplateExpression left = unary();
        while (tokens.accept(Kind.OPERATOR, "**")) {
            left = new TemplateExpression.Binary("**", left, unary());
        }
        return left;
    }

    private TemplateExpression unary() {
        if (tokens.accept(Kind.OPERATOR, "-")) {
            return filtered(new TemplateExpression.Negative(postfix(primary())));
        }
        tokens.accept(Kind.OPERATOR, "+");
        return filtered(postfix(primary()));
    }

    private TemplateExpression primary() {
        TemplateToken token = tokens.next();
        return switch (token.kind()) {
            case NAME -> name(token);
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (tokens.peek().kind() == Kind.STRING) {
                    text.append(tokens.next().text());
                }
                yield new TemplateExpression.Literal(text.toString());
            }
            case INTEGER -> new TemplateExpression.Literal(integer(token));
            case FLOAT -> new TemplateExpression.Literal(Double.parseDouble(token.text()));
            case OPERATOR -> enclosed(token);
            case DATA, BLOCK_BEGIN, BLOCK_END, PRINT_BEGIN, PRINT_END, END -> throw noValue(token);
        };
    }

    private TemplateExpression name(TemplateToken token) {
        return switch (token.text()) {
            case "true", "True" -> new TemplateExpression.Literal(true);
            case "false", "False" -> new TemplateExpression.Literal(false);
            case "none", "None" -> new TemplateExpression.Literal(TemplateValue.NONE);
            default -> {
                if (KEYWORDS.contains(token.text())) {
                    throw noValue(token);
                }
                yield new TemplateExpression.Name(token.text());
            }
        };
    }

    private static Long integer(TemplateToken token) {
        try {
            return Long.valueOf(token.text());
        } catch (NumberFormatException e) {
            throw ChatTemplateException.at(token.line(), "'" + token.text() + "', expected an integer below 2^63");
        }
    }

    private TemplateExpression enclosed(TemplateToken token) {
        tokens.enter();
        TemplateExpression value =
                switch (token.text()) {
                    case "(" -> {
                        if (tokens.accept(Kind.OPERATOR, ")")) {
                            yield new TemplateExpression.Sequence(List.of());
                        }
                        TemplateExpression inner = tuple();
                        tokens.expect(Kind.OPERATOR, ")");
                        yield inner;
                    }
                    case "[" -> new TemplateExpression.Sequence(items());
                    case "{" -> new TemplateExpression.Dictionary(entries());
                    default -> throw noValue(token);
                };
        tokens.leave();
        return value;
    }

    private List<TemplateExpression> items() {
        List<TemplateExpression> items = new ArrayList<>();
        while (!tokens.accept(Kind.OPERATOR, "]")) {
            items.add(expression());
            if (!tokens.accept(Kind.OPERATOR, ",")) {
                tokens.expect(Kind.OPERATOR, "]");
                break;
            }
        }
        return items;
    }

    private List<TemplateExpression.Entry> entries() {
        List<TemplateExpression.Entry> entries = new ArrayList<>();
        while (!tokens.accept(Kind.OPERATOR, "}")) {
            TemplateExpression key = expression();
            tokens.expect(Kind.OPERATOR, ":");
            entries.add(new TemplateExpression.Entry(key, expression()));
            if (!tokens.accept(Kind.OPERATOR, ",")) {
                tokens.expect(Kind.OPERATOR, "}");
                break;
            }
        }
        return entries;
    }

    private TemplateExpression postfix(TemplateExpression base) {
        TemplateExpression value = base;
        while (true) {
            if (tokens.accept(Kind.OPERATOR, ".")) {
                TemplateToken name = tokens.peek();
                if (name.kind() == Kind.INTEGER) {
                    tokens.skip(1);
                    value = new TemplateExpression.Item(value, new TemplateExpression.Literal(integer(name)));
                } else {
                    value = new TemplateExpression.Attribute(
                            value, tokens.expect(Kind.NAME).text());
                }
            } else if (tokens.accept(Kind.OPERATOR, "[")) {
                value = subscript(value);
            } else if (tokens.peek().is(Kind.OPERATOR, "(")) {
                value = new TemplateExpression.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private TemplateExpression subscript(TemplateExpression base) {
        TemplateExpression from = tokens.peek().is(Kind.OPERATOR, ":") ? null : expression();
        if (from != null && tokens.accept(Kind.OPERATOR, "]")) {
            return new TemplateExpression.Item(base, from);
        }
        tokens.expect(Kind.OPERATOR, ":");
        TemplateExpression to = bound();
        TemplateExpression step = tokens.accept(Kind.OPERATOR, ":") ? bound() : null;
        tokens.expect(Kind.OPERATOR, "]");
        return new TemplateExpression.Slice(base, from, to, step);
    }

    private @Nullable TemplateExpression bound() {
        return tokens.peek().is(Kind.OPERATOR, ":") || tokens.peek().is(Kind.OPERATOR, "]") ? null : expression();
    }

    TemplateExpression.Arguments arguments() {
        tokens.expect(Kind.OPERATOR, "(");
        List<TemplateExpression> positional = new ArrayList<>();
        Map<String, TemplateExpression> named = new LinkedHashMap<>();
        while (!tokens.accept(Kind.OPERATOR, ")")) {
            if (tokens.peek().kind() == Kind.NAME && tokens.peek(1).is(Kind.OPERATOR, "=")) {
                String name = tokens.peek().text();
                tokens.skip(2);
                named.put(name, expression());
            } else {
                positional.add(expression());
            }
            if (!tokens.accept(Kind.OPERATOR, ",")) {
                tokens.expect(Kind.OPERATOR, ")");
                break;
            }
        }
        return new TemplateExpression.Arguments(positional, named);
    }

    private TemplateExpression filtered(TemplateExpression base) {
        TemplateExpression value = base;
        while (true) {
            if (tokens.accept(Kind.OPERATOR, "|")) {
                String name = tokens.expect(Kind.NAME).text();
                TemplateExpression.Arguments arguments = tokens.peek().is(Kind.OPERATOR, "(")
                        ? arguments()
                        : new TemplateExpression.Arguments(List.of(), Map.of());
                value = new TemplateExpression.Filter(value, name, arguments);
            } else if (tokens.accept(Kind.NAME, "is")) {
                value = test(value);
            } else {
                return value;
            }
        }
    }

    private TemplateExpression test(TemplateExpression value) {
        boolean negated = tokens.accept(Kind.NAME, "not");
        TemplateToken name = tokens.expect(Kind.NAME);
        TemplateExpression.Arguments arguments = new TemplateExpression.Arguments(List.of(), Map.of());
        TemplateToken next = tokens.peek();
        boolean startsValue =
                switch (next.kind()) {
                    case NAME -> !KEYWORDS.contains(next.text());
                    case STRING, INTEGER, FLOAT -> true;
                    case OPERATOR -> Set.of("[", "{").contains(next.text());
                    default -> false;
                };
        if (next.is(Kind.OPERATOR, "(")) {
            arguments = arguments();
        } else if (startsValue) {
            arguments = new TemplateExpression.Arguments(List.of(postfix(primary())), Map.of());
        }
        return new TemplateExpression.Test(value, name.text(), arguments, negated);
    }

    private static ChatTemplateException noValue(TemplateToken token) {
        return ChatTemplateException.at(token.line(), token.display() + ", expected a value");
    }
}
