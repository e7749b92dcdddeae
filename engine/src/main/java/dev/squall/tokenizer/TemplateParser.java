package dev.squall.tokenizer;

import dev.squall.tokenizer.TemplateToken.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads the statements of a template. Inheritance, inclusion and imports are not part of a chat template. */
final class TemplateParser {
    private final TemplateTokens tokens;
    private final TemplateExpressionParser expressions;

    private TemplateParser(TemplateTokens tokens) {
        this.tokens = tokens;
        this.expressions = new TemplateExpressionParser(tokens);
    }

    /** @throws ChatTemplateException if the template is malformed or uses what chat templates have no use for */
    static List<TemplateNode> parse(String template) {
        TemplateParser parser = new TemplateParser(new TemplateTokens(TemplateLexer.tokens(template)));
        List<TemplateNode> nodes = parser.body(Set.of());
        TemplateToken rest = parser.tokens.peek();
        if (rest.kind() != Kind.END) {
            throw ChatTemplateException.at(rest.line(), "'{% " + parser.tagName() + "' closes nothing");
        }
        return nodes;
    }

    /** Statements up to a tag of one of these names, whose block has just begun afterwards, or to the end. */
    private List<TemplateNode> body(Set<String> ends) {
        tokens.enter();
        List<TemplateNode> nodes = new ArrayList<>();
        while (true) {
            TemplateToken token = tokens.peek();
            switch (token.kind()) {
                case DATA -> {
                    nodes.add(new TemplateNode.Data(token.text()));
                    tokens.skip(1);
                }
                case PRINT_BEGIN -> {
                    tokens.skip(1);
                    nodes.add(new TemplateNode.Print(expressions.tuple(), token.line()));
                    tokens.expect(Kind.PRINT_END);
                }
                case BLOCK_BEGIN -> {
                    String name = tagName();
                    if (ends.contains(name)) {
                        tokens.leave();
                        return nodes;
                    }
                    statement(name, nodes);
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw ChatTemplateException.at(
                                token.line(),
                                token.display() + ", expected '{% " + String.join("' or '{% ", ends) + "'");
                    }
                    tokens.leave();
                    return nodes;
                }
            }
        }
    }

    private void statement(String name, List<TemplateNode> nodes) {
        int line = tokens.peek().line();
        if (name.startsWith("end") || name.equals("else") || name.equals("elif")) {
            throw ChatTemplateException.at(line, "'{% " + name + "' closes nothing");
        }
        tokens.skip(2);
        switch (name) {
            case "if" -> nodes.add(ifStatement(line));
            case "for" -> nodes.add(forStatement(line));
            case "set" -> nodes.add(setStatement(line));
            case "macro" -> nodes.add(macroStatement(line));
            case "filter" -> nodes.add(filterStatement(line));
            case "break", "continue" -> {
                endTag();
                nodes.add(new TemplateNode.Jump(name.equals("break")));
            }
            case "generation" -> {
                // Marks what a trainer learns from; rendering prints it as it is.
                endTag();
                nodes.addAll(body(Set.of("endgeneration")));
                closeTag();
            }
            default -> throw ChatTemplateException.at(line, "'{% " + name + "' is not supported in a chat template");
        }
    }

    private TemplateNode ifStatement(int line) {
        List<TemplateNode.Branch> branches = new ArrayList<>();
        int branchLine = line;
        while (true) {
            TemplateExpression condition = expressions.tuple();
            endTag();
            branches.add(new TemplateNode.Branch(condition, body(Set.of("elif", "else", "endif")), branchLine));
            branchLine = tokens.peek().line();
            String end = tagName();
            tokens.skip(2);
            if (!end.equals("elif")) {
                endTag();
                List<TemplateNode> otherwise = List.of();
                if (end.equals("else")) {
                    otherwise = body(Set.of("endif"));
                    closeTag();
                }
                return new TemplateNode.If(branches, otherwise);
            }
        }
    }

    private TemplateNode forStatement(int line) {
        List<String> names = names();
        tokens.expect(Kind.NAME, "in");
        TemplateExpression items = expressions.withoutChoice();
        TemplateExpression filter = null;
        if (tokens.accept(Kind.NAME, "if")) {
            filter = expressions.expression();
        }
        endTag();
        List<TemplateNode> body = body(Set.of("else", "endfor"));
        List<TemplateNode> otherwise = List.of();
        if (tagName().equals("else")) {
            tokens.skip(2);
            endTag();
            otherwise = body(Set.of("endfor"));
        }
        closeTag();
        return new TemplateNode.For(names, items, filter, body, otherwise, line);
    }

    private TemplateNode setStatement(int line) {
        List<String> names = names();
        String attribute = null;
        if (tokens.accept(Kind.OPERATOR, ".")) {
            attribute = tokens.expect(Kind.NAME).text();
        }
        if (tokens.accept(Kind.OPERATOR, "=")) {
            TemplateExpression value = expressions.tuple();
            endTag();
            return new TemplateNode.Assign(names, attribute, value, line);
        }
        endTag();
        List<TemplateNode> body = body(Set.of("endset"));
        closeTag();
        return new TemplateNode.Capture(names.getFirst(), attribute, body, line);
    }

    private TemplateNode macroStatement(int line) {
        String name = tokens.expect(Kind.NAME).text();
        tokens.expect(Kind.OPERATOR, "(");
        List<TemplateNode.Parameter> parameters = new ArrayList<>();
        while (!tokens.accept(Kind.OPERATOR, ")")) {
            if (!parameters.isEmpty()) {
                tokens.expect(Kind.OPERATOR, ",");
            }
            String parameter = tokens.expect(Kind.NAME).text();
            TemplateExpression preset = tokens.accept(Kind.OPERATOR, "=") ? expressions.expression() : null;
            parameters.add(new TemplateNode.Parameter(parameter, preset));
        }
        endTag();
        List<TemplateNode> body = body(Set.of("endmacro"));
        closeTag();
        return new TemplateNode.Macro(name, parameters, body, line);
    }

    private TemplateNode filterStatement(int line) {
        String name = tokens.expect(Kind.NAME).text();
        TemplateExpression.Arguments arguments = new TemplateExpression.Arguments(List.of(), Map.of());
        if (tokens.peek().is(Kind.OPERATOR, "(")) {
            arguments = expressions.arguments();
        }
        endTag();
        List<TemplateNode> body = body(Set.of("endfilter"));
        closeTag();
        return new TemplateNode.FilterBlock(name, arguments, body, line);
    }

    private List<String> names() {
        List<String> names = new ArrayList<>();
        boolean enclosed = tokens.accept(Kind.OPERATOR, "(");
        do {
            names.add(tokens.expect(Kind.NAME).text());
        } while (tokens.accept(Kind.OPERATOR, ","));
        if (enclosed) {
            tokens.expect(Kind.OPERATOR, ")");
        }
        return names;
    }

    /** The name of the tag that begins here. */
    private String tagName() {
        return tokens.peek(1).text();
    }

    private void endTag() {
        tokens.expect(Kind.BLOCK_END);
    }

    private void closeTag() {
        tokens.skip(2);
        endTag();
    }
}
