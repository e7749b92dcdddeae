package dev.squall.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs one rendering of a template with Python's semantics. A template reaches nothing but the values it is given;
 * what it does is counted, so that one written to run for ever or to fill the memory ends with an error. One thread.
 */
final class TemplateRenderer {
    private static final int DEPTH_MAX = 400;
    private static final int ITERATION_STEPS = 10;

    private enum Flow {
        ON,
        BREAK,
        CONTINUE
    }

    private final TemplateText texts;
    private final TemplateFunctions functions;
    private final long workMax;
    private long work;
    private int depth;
    private int line = 1;
    private StringBuilder out = new StringBuilder();
    private Scope scope;

    /** @param workMax about how many characters and steps the rendering may go through */
    TemplateRenderer(ContentMarks marks, Map<String, Object> globals, long workMax) {
        this.texts = new TemplateText(marks);
        this.functions = new TemplateFunctions(texts, this::charge);
        this.workMax = workMax;
        this.scope = new Scope(null);
        scope.values.put("range", (TemplateValue.Function) (positional, _) -> functions.range(positional));
        scope.values.put("namespace", (TemplateValue.Function) (_, named) -> new LinkedHashMap<>(named));
        scope.values.put("dict", (TemplateValue.Function) (_, named) -> new LinkedHashMap<>(named));
        scope.values.putAll(globals);
    }

    /** @throws ChatTemplateException if the template fails or does too much */
    String render(List<TemplateNode> template) {
        try {
            run(template);
        } catch (IllegalArgumentException e) {
            throw ChatTemplateException.at(line, String.valueOf(e.getMessage()));
        } catch (StackOverflowError e) {
            // Only values that a loop nests into each other without end get here: all else is bounded by DEPTH_MAX.
            throw ChatTemplateException.at(line, "a list or mapping is nested too deep");
        }
        return out.toString();
    }

    private Flow run(List<TemplateNode> nodes) {
        enter();
        try {
            for (TemplateNode node : nodes) {
                charge(1);
                Flow flow = run(node);
                if (flow != Flow.ON) {
                    return flow;
                }
            }
            return Flow.ON;
        } finally {
            depth--;
        }
    }

    private Flow run(TemplateNode node) {
        switch (node) {
            case TemplateNode.Data(String text) -> print(text);
            case TemplateNode.Print print -> {
                line = print.line();
                print(TemplateValue.text(evaluate(print.value())));
            }
            case TemplateNode.If(List<TemplateNode.Branch> branches, List<TemplateNode> otherwise) -> {
                for (TemplateNode.Branch branch : branches) {
                    line = branch.line();
                    if (TemplateValue.isTrue(evaluate(branch.condition()))) {
                        return run(branch.body());
                    }
                }
                return run(otherwise);
            }
            case TemplateNode.For loop -> {
                return loop(loop);
            }
            case TemplateNode.Assign assign -> {
                line = assign.line();
                assign(assign.names(), assign.attribute(), evaluate(assign.value()));
            }
            case TemplateNode.Capture capture -> {
                line = capture.line();
                assign(List.of(capture.name()), capture.attribute(), captured(capture.body()));
            }
            case TemplateNode.Macro macro -> {
                Scope defined = scope;
                scope.values.put(macro.name(), (TemplateValue.Function)
                        (positional, named) -> call(macro, defined, positional, named));
            }
            case TemplateNode.FilterBlock block -> {
                line = block.line();
                String body = captured(block.body());
                print(TemplateValue.text(functions.filter(
                        block.filter(), body, positional(block.arguments()), named(block.arguments()))));
            }
            case TemplateNode.Jump(boolean leaves) -> {
                return leaves ? Flow.BREAK : Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    private Flow loop(TemplateNode.For loop) {
        line = loop.line();
        Scope outer = scope;
        List<Object> items = functions.items(evaluate(loop.items()));
        if (loop.filter() != null) {
            items = filtered(loop, loop.filter(), items);
        }
        if (items.isEmpty()) {
            return run(loop.otherwise());
        }
        for (int index = 0; index < items.size(); index++) {
            charge(ITERATION_STEPS);
            scope = new Scope(outer);
            scope.values.put("loop", loopState(items, index));
            assign(loop.names(), null, items.get(index));
            Flow flow = run(loop.body());
            scope = outer;
            if (flow == Flow.BREAK) {
                break;
            }
        }
        return Flow.ON;
    }

    private List<Object> filtered(TemplateNode.For loop, TemplateExpression filter, List<Object> items) {
        Scope outer = scope;
        List<Object> chosen = new ArrayList<>();
        for (Object item : items) {
            charge(ITERATION_STEPS);
            scope = new Scope(outer);
            assign(loop.names(), null, item);
            if (TemplateValue.isTrue(evaluate(filter))) {
                chosen.add(item);
            }
        }
        scope = outer;
        return chosen;
    }

    private static Map<String, Object> loopState(List<Object> items, int index) {
        int size = items.size();
        Map<String, Object> state = new HashMap<>();
        state.put("index", index + 1L);
        state.put("index0", (long) index);
        state.put("revindex", (long) size - index);
        state.put("revindex0", size - index - 1L);
        state.put("first", index == 0);
        state.put("last", index == size - 1);
        state.put("length", (long) size);
        if (index > 0) {
            state.put("previtem", items.get(index - 1));
        }
        if (index < size - 1) {
            state.put("nextitem", items.get(index + 1));
        }
        return state;
    }

    private void assign(List<String> names, @Nullable String attribute, Object value) {
        if (attribute != null) {
            if (!(lookUp(names.getFirst()) instanceof Map<?, ?> namespace)) {
                throw new IllegalArgumentException("'" + names.getFirst() + "' is no namespace");
            }
            @SuppressWarnings("unchecked")
            Map<Object, Object> attributes = (Map<Object, Object>) namespace;
            attributes.put(attribute, value);
        } else if (names.size() == 1) {
            scope.values.put(names.getFirst(), value);
        } else {
            List<Object> parts = functions.items(value);
            if (parts.size() != names.size()) {
                throw new IllegalArgumentException(
                        parts.size() + " values for the " + names.size() + " names " + String.join(", ", names));
            }
            for (int i = 0; i < names.size(); i++) {
                scope.values.put(names.get(i), parts.get(i));
            }
        }
    }

    private Object call(TemplateNode.Macro macro, Scope defined, List<Object> positional, Map<String, Object> named) {
        Scope caller = scope;
        scope = new Scope(defined);
        try {
            List<TemplateNode.Parameter> parameters = macro.parameters();
            if (positional.size() > parameters.size()) {
                throw new IllegalArgumentException("macro '" + macro.name() + "' takes " + parameters.size()
                        + " arguments, got " + positional.size());
            }
            for (int i = 0; i < parameters.size(); i++) {
                TemplateNode.Parameter parameter = parameters.get(i);
                Object value = i < positional.size() ? positional.get(i) : named.get(parameter.name());
                if (value == null) {
                    value = parameter.preset() == null
                            ? new TemplateValue.Undefined(parameter.name())
                            : evaluate(parameter.preset());
                }
                scope.values.put(parameter.name(), value);
            }
            return captured(macro.body());
        } finally {
            scope = caller;
        }
    }

    private String captured(List<TemplateNode> body) {
        StringBuilder outer = out;
        out = new StringBuilder();
        try {
            run(body);
            return out.toString();
        } finally {
            out = outer;
        }
    }

    private void print(String text) {
        charge(text.length());
        out.append(text);
    }

    private Object evaluate(TemplateExpression expression) {
        enter();
        charge(1);
        Object value =
                switch (expression) {
                    case TemplateExpression.Literal(Object literal) -> literal;
                    case TemplateExpression.Name(String name) -> lookUp(name);
                    case TemplateExpression.Sequence(List<TemplateExpression> items) -> evaluateAll(items);
                    case TemplateExpression.Dictionary(List<TemplateExpression.Entry> entries) -> {
                        Map<Object, Object> map = new LinkedHashMap<>();
                        entries.forEach(entry -> map.put(evaluate(entry.key()), evaluate(entry.value())));
                        yield map;
                    }
                    case TemplateExpression.Attribute(TemplateExpression base, String name) ->
                        functions.attribute(evaluate(base), name);
                    case TemplateExpression.Item(TemplateExpression base, TemplateExpression index) ->
                        functions.item(evaluate(base), evaluate(index));
                    case TemplateExpression.Slice slice ->
                        functions.slice(
                                evaluate(slice.base()),
                                evaluateOrNone(slice.from()),
                                evaluateOrNone(slice.to()),
                                evaluateOrNone(slice.step()));
                    case TemplateExpression.Call(TemplateExpression callee, TemplateExpression.Arguments arguments) ->
                        call(callee, arguments);
                    case TemplateExpression.Filter(
                            TemplateExpression input,
                            String name,
                            TemplateExpression.Arguments arguments) ->
                        functions.filter(name, evaluate(input), positional(arguments), named(arguments));
                    case TemplateExpression.Test(
                            TemplateExpression input,
                            String name,
                            TemplateExpression.Arguments arguments,
                            boolean negated) -> negated != functions.test(name, evaluate(input), positional(arguments));
                    case TemplateExpression.Not(TemplateExpression operand) -> !TemplateValue.isTrue(evaluate(operand));
                    case TemplateExpression.Negative(TemplateExpression operand) ->
                        functions.arithmetic("-", 0L, evaluate(operand));
                    case TemplateExpression.And(TemplateExpression left, TemplateExpression right) -> {
                        Object first = evaluate(left);
                        yield TemplateValue.isTrue(first) ? evaluate(right) : first;
                    }
                    case TemplateExpression.Or(TemplateExpression left, TemplateExpression right) -> {
                        Object first = evaluate(left);
                        yield TemplateValue.isTrue(first) ? first : evaluate(right);
                    }
                    case TemplateExpression.Binary(
                            String operator,
                            TemplateExpression left,
                            TemplateExpression right) ->
                        functions.arithmetic(operator, evaluate(left), evaluate(right));
                    case TemplateExpression.Comparison(TemplateExpression first, List<TemplateExpression.Link> links) ->
                        compare(first, links);
                    case TemplateExpression.Choice(
                            TemplateExpression condition,
                            TemplateExpression chosen,
                            TemplateExpression otherwise) -> {
                        if (TemplateValue.isTrue(evaluate(condition))) {
                            yield evaluate(chosen);
                        }
                        yield otherwise == null ? new TemplateValue.Undefined("else") : evaluate(otherwise);
                    }
                };
        depth--;
        return value;
    }

    private boolean compare(TemplateExpression first, List<TemplateExpression.Link> links) {
        Object left = evaluate(first);
        for (TemplateExpression.Link link : links) {
            Object right = evaluate(link.operand());
            if (!functions.compare(link.operator(), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Object call(TemplateExpression callee, TemplateExpression.Arguments arguments) {
        if (callee instanceof TemplateExpression.Attribute(TemplateExpression base, String name)) {
            Object target = evaluate(base);
            if (!(functions.attribute(target, name) instanceof TemplateValue.Function function)) {
                return functions.method(target, name, positional(arguments), named(arguments));
            }
            return function.call(positional(arguments), named(arguments));
        }
        Object target = evaluate(callee);
        if (target instanceof TemplateValue.Function function) {
            return function.call(positional(arguments), named(arguments));
        }
        throw new IllegalArgumentException("cannot call " + TemplateValue.kind(target));
    }

    private List<Object> positional(TemplateExpression.Arguments arguments) {
        return evaluateAll(arguments.positional());
    }

    private Map<String, Object> named(TemplateExpression.Arguments arguments) {
        Map<String, Object> named = new LinkedHashMap<>();
        arguments.named().forEach((name, value) -> named.put(name, evaluate(value)));
        return named;
    }

    private List<Object> evaluateAll(List<TemplateExpression> expressions) {
        List<Object> values = new ArrayList<>(expressions.size());
        expressions.forEach(expression -> values.add(evaluate(expression)));
        return values;
    }

    private Object evaluateOrNone(@Nullable TemplateExpression expression) {
        return expression == null ? TemplateValue.NONE : evaluate(expression);
    }

    private Object lookUp(String name) {
        for (Scope at = scope; at != null; at = at.outer) {
            Object value = at.values.get(name);
            if (value != null) {
                return value;
            }
        }
        return new TemplateValue.Undefined(name);
    }

    private void enter() {
        if (++depth > DEPTH_MAX) {
            throw new IllegalArgumentException("expressions and macros nest more than " + DEPTH_MAX + " deep");
        }
    }

    private void charge(long amount) {
        work += amount;
        if (work > workMax) {
            throw new IllegalArgumentException(
                    "the template does more than " + workMax + " steps, far beyond what this conversation needs");
        }
    }

    private static final class Scope {
        private final Map<String, Object> values = new HashMap<>();
        private final @Nullable Scope outer;

        Scope(@Nullable Scope outer) {
            this.outer = outer;
        }
    }
}
