package dev.squall.tokenizer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The operators, filters, tests and methods that chat templates use. Failures are IllegalArgumentExceptions, to which
 * the renderer adds the line.
 */
final class TemplateFunctions {
    private static final int ITEMS_MAX = 100_000;

    private final TemplateText texts;
    private final LongConsumer charge;

    /** @param charge is told how many characters an operation goes through, and may refuse */
    TemplateFunctions(TemplateText texts, LongConsumer charge) {
        this.texts = texts;
        this.charge = charge;
    }

    Object arithmetic(String operator, Object left, Object right) {
        if (operator.equals("~")) {
            return concatenated(TemplateValue.text(left), TemplateValue.text(right));
        }
        if (left instanceof Long a && right instanceof Long b) {
            return integers(operator, a, b);
        }
        if (left instanceof Number a && right instanceof Number b) {
            return floats(operator, a.doubleValue(), b.doubleValue());
        }
        if (operator.equals("+") && left instanceof String a && right instanceof String b) {
            return concatenated(a, b);
        }
        if (operator.equals("+") && left instanceof List<?> a && right instanceof List<?> b) {
            charge.accept(a.size() + b.size());
            List<Object> joined = new ArrayList<>(a);
            joined.addAll(b);
            return joined;
        }
        if (operator.equals("*") && left instanceof String a && right instanceof Long b) {
            long times = Math.max(0, b);
            charge.accept(Math.multiplyExact(Math.min(times, Integer.MAX_VALUE), Math.max(1, a.length())));
            return a.repeat((int) times);
        }
        throw new IllegalArgumentException(
                "cannot compute " + TemplateValue.kind(left) + " " + operator + " " + TemplateValue.kind(right));
    }

    private String concatenated(String left, String right) {
        charge.accept(left.length() + right.length());
        return left + right;
    }

    private static Object integers(String operator, long left, long right) {
        try {
            return switch (operator) {
                case "+" -> Math.addExact(left, right);
                case "-" -> Math.subtractExact(left, right);
                case "*" -> Math.multiplyExact(left, right);
                case "//" -> Math.floorDiv(left, right);
                case "%" -> Math.floorMod(left, right);
                case "**" -> power(left, right);
                default -> floats(operator, (double) left, (double) right);
            };
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("cannot compute " + left + " " + operator + " " + right);
        }
    }

    private static Object power(long base, long exponent) {
        if (exponent < 0) {
            return Math.pow((double) base, (double) exponent);
        }
        return Math.powExact(base, (int) Math.min(exponent, Integer.MAX_VALUE));
    }

    private static Object floats(String operator, double left, double right) {
        return switch (operator) {
            case "+" -> left + right;
            case "-" -> left - right;
            case "*" -> left * right;
            case "/" -> left / right;
            case "//" -> Math.floor(left / right);
            case "%" -> left - right * Math.floor(left / right);
            case "**" -> Math.pow(left, right);
            default -> throw new IllegalArgumentException("there is no operator '" + operator + "'");
        };
    }

    boolean compare(String operator, Object left, Object right) {
        return switch (operator) {
            case "==" -> equal(left, right);
            case "!=" -> !equal(left, right);
            case "in" -> contains(right, left);
            case "not in" -> !contains(right, left);
            case "<" -> order(left, right) < 0;
            case "<=" -> order(left, right) <= 0;
            case ">" -> order(left, right) > 0;
            default -> order(left, right) >= 0;
        };
    }

    private int order(Object left, Object right) {
        if (left instanceof Number a && right instanceof Number b) {
            return Double.compare(a.doubleValue(), b.doubleValue());
        }
        if (left instanceof String a && right instanceof String b) {
            charge.accept(a.length() + b.length());
            return texts.plain(a).compareTo(texts.plain(b));
        }
        throw new IllegalArgumentException(
                "cannot order " + TemplateValue.kind(left) + " and " + TemplateValue.kind(right));
    }

    private boolean equal(Object left, Object right) {
        if (left instanceof String a && right instanceof String b) {
            charge.accept(Math.min(a.length(), b.length()));
            return a.length() == b.length() && texts.equal(a, b);
        }
        if (left instanceof Number a && right instanceof Number b) {
            return a.doubleValue() == b.doubleValue();
        }
        if (left instanceof TemplateValue.Undefined && right instanceof TemplateValue.Undefined) {
            return true;
        }
        if (left instanceof List<?> a && right instanceof List<?> b) {
            charge.accept(a.size());
            boolean same = a.size() == b.size();
            for (int i = 0; same && i < a.size(); i++) {
                same = equal(a.get(i), b.get(i));
            }
            return same;
        }
        return left.equals(right);
    }

    private boolean contains(Object container, Object value) {
        return switch (container) {
            case String text -> {
                if (!(value instanceof String part)) {
                    throw new IllegalArgumentException("cannot look for " + TemplateValue.kind(value) + " in a text");
                }
                charge.accept(text.length());
                yield texts.contains(text, part);
            }
            case List<?> list -> list.stream().anyMatch(item -> equal(item, value));
            case Map<?, ?> map -> map.containsKey(key(value));
            case TemplateValue.Undefined _ -> false;
            default -> throw new IllegalArgumentException("cannot look into " + TemplateValue.kind(container));
        };
    }

    /** The items of a list, the keys of a mapping, the characters of a text; none of an undefined value. */
    List<Object> items(Object value) {
        List<Object> items =
                switch (value) {
                    case List<?> list -> new ArrayList<>(list);
                    case Map<?, ?> map -> new ArrayList<>(map.keySet());
                    case String text -> texts.characters(text);
                    case TemplateValue.Undefined _ -> List.of();
                    default -> throw new IllegalArgumentException("cannot loop over " + TemplateValue.kind(value));
                };
        charge.accept(items.size());
        return items;
    }

    /** As {@link #items}, but whatever is false has none, none included. */
    private List<Object> itemsIfAny(Object value) {
        return TemplateValue.isTrue(value) ? items(value) : List.of();
    }

    Object attribute(Object base, String name) {
        return switch (base) {
            case Map<?, ?> map -> Objects.requireNonNullElseGet(map.get(name), () -> new TemplateValue.Undefined(name));
            case TemplateValue.Undefined _ ->
                throw new IllegalArgumentException("cannot read '" + name + "' of " + TemplateValue.kind(base));
            default -> new TemplateValue.Undefined(name);
        };
    }

    Object item(Object base, Object index) {
        return switch (base) {
            case Map<?, ?> map -> {
                Object value = map.get(key(index));
                yield value == null ? new TemplateValue.Undefined(TemplateValue.text(index)) : value;
            }
            case List<?> list -> at(list, index);
            case String text -> at(items(text), index);
            case TemplateValue.Undefined _ ->
                throw new IllegalArgumentException(
                        "cannot read '" + TemplateValue.text(index) + "' of " + TemplateValue.kind(base));
            default -> new TemplateValue.Undefined(TemplateValue.text(index));
        };
    }

    private static Object at(List<?> list, Object index) {
        if (index instanceof Long number) {
            long place = number < 0 ? number + list.size() : number;
            if (place >= 0 && place < list.size()) {
                return list.get((int) place);
            }
        }
        return new TemplateValue.Undefined(TemplateValue.text(index));
    }

    private Object key(Object key) {
        return key instanceof String text ? texts.plain(text) : key;
    }

    Object slice(Object base, Object from, Object to, Object step) {
        List<Object> items = items(base);
        int size = items.size();
        long stride = step == TemplateValue.NONE ? 1 : integer(step);
        if (stride == 0) {
            throw new IllegalArgumentException("a slice cannot have step 0");
        }
        long start = bound(from, size, stride > 0 ? 0 : size - 1, stride);
        long end = bound(to, size, stride > 0 ? size : -1, stride);
        List<Object> slice = new ArrayList<>();
        for (long i = start; stride > 0 ? i < end : i > end; i += stride) {
            slice.add(items.get((int) i));
        }
        return base instanceof String ? slice.stream().map(TemplateValue::text).collect(Collectors.joining()) : slice;
    }

    private static long bound(Object bound, int size, long absent, long stride) {
        if (bound == TemplateValue.NONE) {
            return absent;
        }
        long place = integer(bound);
        long lowest = stride > 0 ? 0 : -1;
        return Math.clamp(place < 0 ? Math.max(place, -size - 1L) + size : place, lowest, size + lowest);
    }

    private static long integer(Object value) {
        if (value instanceof Long number) {
            return number;
        }
        throw new IllegalArgumentException(TemplateValue.kind(value) + ", expected an integer");
    }

    List<Object> range(List<Object> bounds) {
        long from = bounds.size() < 2 ? 0 : integer(bounds.getFirst());
        long to = integer(required(bounds, bounds.size() < 2 ? 0 : 1));
        long step = bounds.size() < 3 ? 1 : integer(bounds.get(2));
        List<Object> numbers = new ArrayList<>();
        for (long i = from; step > 0 ? i < to : step < 0 && i > to; i += step) {
            if (numbers.size() == ITEMS_MAX) {
                throw new IllegalArgumentException("range() makes more than " + ITEMS_MAX + " numbers");
            }
            numbers.add(i);
        }
        charge.accept(numbers.size());
        return numbers;
    }

    Object method(Object base, String name, List<Object> positional, Map<String, Object> named) {
        return switch (base) {
            case String text -> {
                charge.accept(2L * text.length());
                yield texts.call(text, name, positional, named);
            }
            case Map<?, ?> map -> mappingMethod(map, name, positional);
            case List<?> list
            when name.equals("append") || name.equals("pop") -> {
                @SuppressWarnings("unchecked")
                List<Object> items = (List<Object>) list;
                if (name.equals("pop")) {
                    if (items.isEmpty()) {
                        throw new IllegalArgumentException("cannot take the last item of an empty list");
                    }
                    yield items.removeLast();
                }
                items.add(required(positional, 0));
                yield TemplateValue.NONE;
            }
            default ->
                throw new IllegalArgumentException(TemplateValue.kind(base) + " has no method '" + name + "' here");
        };
    }

    private Object mappingMethod(Map<?, ?> map, String name, List<Object> arguments) {
        charge.accept(map.size());
        return switch (name) {
            case "items" -> pairs(map);
            case "keys" -> new ArrayList<Object>(map.keySet());
            case "values" -> new ArrayList<Object>(map.values());
            case "get" -> {
                Object value = map.get(key(required(arguments, 0)));
                yield value != null ? value : arguments.size() > 1 ? arguments.get(1) : TemplateValue.NONE;
            }
            default -> throw new IllegalArgumentException("a mapping has no method '" + name + "' here");
        };
    }

    private static List<Object> pairs(Map<?, ?> map) {
        List<Object> pairs = new ArrayList<>();
        map.forEach((key, value) -> pairs.add(List.of(key, value)));
        return pairs;
    }

    Object filter(String name, Object input, List<Object> arguments, Map<String, Object> named) {
        charge.accept(input instanceof String text ? 2L * text.length() : 1);
        return switch (name) {
            case "trim" -> texts.strip(TemplateValue.text(input), first(arguments, ""), true, true);
            case "string", "safe" -> TemplateValue.text(input);
            case "upper", "lower", "title", "capitalize" ->
                texts.call(TemplateValue.text(input), name, List.of(), Map.of());
            case "replace" -> texts.call(TemplateValue.text(input), name, arguments, Map.of());
            case "length", "count" ->
                input instanceof String text
                        ? texts.length(text)
                        : (long) items(input).size();
            case "default", "d" -> {
                boolean alsoFalse = arguments.size() > 1 && TemplateValue.isTrue(arguments.get(1));
                boolean missing =
                        input instanceof TemplateValue.Undefined || (alsoFalse && !TemplateValue.isTrue(input));
                yield missing ? arguments.isEmpty() ? "" : arguments.getFirst() : input;
            }
            case "join" -> {
                List<Object> items = items(input);
                String joined =
                        items.stream().map(TemplateValue::text).collect(Collectors.joining(first(arguments, "")));
                charge.accept(joined.length());
                yield joined;
            }
            case "list" -> items(input);
            case "items" -> input instanceof Map<?, ?> map ? pairs(map) : List.of();
            case "dictsort" -> {
                List<Object> pairs = input instanceof Map<?, ?> map ? pairs(map) : new ArrayList<>();
                pairs.sort(Comparator.comparing(
                        pair -> TemplateValue.text(items(pair).getFirst()).toLowerCase(Locale.ROOT)));
                yield pairs;
            }
            case "first" -> item(items(input), 0L);
            case "last" -> item(items(input), -1L);
            case "reverse" -> {
                List<Object> items = new ArrayList<>(items(input));
                Collections.reverse(items);
                yield input instanceof String
                        ? items.stream().map(TemplateValue::text).collect(Collectors.joining())
                        : items;
            }
            case "map" -> {
                Object attribute = named.get("attribute");
                List<Object> mapped = new ArrayList<>();
                for (Object item : itemsIfAny(input)) {
                    mapped.add(
                            attribute != null
                                    ? item(item, attribute)
                                    : filter(texts.plain(first(arguments, "")), item, rest(arguments), Map.of()));
                }
                yield mapped;
            }
            case "select", "reject" -> selected(input, item -> item, arguments, name.equals("select"));
            case "selectattr", "rejectattr" -> {
                String attribute = texts.plain(first(arguments, ""));
                yield selected(input, item -> attribute(item, attribute), rest(arguments), name.equals("selectattr"));
            }
            case "int" -> number(input).longValue();
            case "float" -> number(input).doubleValue();
            case "abs" ->
                input instanceof Long value
                        ? (Object) Math.abs(value)
                        : Math.abs(number(input).doubleValue());
            case "indent" -> texts.mapped(TemplateValue.text(input), text -> indented(text, arguments, named));
            case "tojson" -> {
                Object indent = named.getOrDefault("indent", 0L);
                yield json(input, indent);
            }
            default -> throw new IllegalArgumentException("the filter '" + name + "' is not supported");
        };
    }

    private String json(Object value, Object indent) {
        boolean[] marked = {false};
        TemplateJson json = new TemplateJson(indent == TemplateValue.NONE ? 0 : (int) integer(indent), text -> {
            String plain = texts.plain(text);
            marked[0] |= !plain.equals(text);
            return plain;
        });
        String written = json.write(value);
        charge.accept(written.length());
        return marked[0] ? texts.mark(written) : written;
    }

    private List<Object> selected(Object input, UnaryOperator<Object> part, List<Object> test, boolean wanted) {
        List<Object> selected = new ArrayList<>();
        for (Object item : itemsIfAny(input)) {
            Object value = part.apply(item);
            boolean holds = test.isEmpty()
                    ? TemplateValue.isTrue(value)
                    : test(texts.plain(first(test, "")), value, rest(test));
            if (holds == wanted) {
                selected.add(item);
            }
        }
        return selected;
    }

    private Number number(Object input) {
        Object value = input instanceof String text ? texts.plain(text) : input;
        return switch (value) {
            case Long number -> number;
            case Double number -> number;
            case Boolean bool -> bool ? 1L : 0L;
            case String text when text.matches("[-+]?[0-9]{1,18}") -> Long.valueOf(text);
            case String text when text.matches("[-+]?[0-9]{1,18}\\.[0-9]{1,18}") -> Double.valueOf(text);
            default -> 0L;
        };
    }

    private static String indented(String text, List<Object> arguments, Map<String, Object> named) {
        Object width = arguments.isEmpty() ? named.getOrDefault("width", 4L) : arguments.getFirst();
        Object first = arguments.size() < 2 ? named.getOrDefault("first", false) : arguments.get(1);
        String space = width instanceof String given ? given : " ".repeat(Math.clamp(integer(width), 0, 100));
        StringBuilder result = new StringBuilder();
        String[] lines = text.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            boolean indents = i == 0 ? TemplateValue.isTrue(first) : !lines[i].isEmpty();
            result.append(i == 0 ? "" : "\n").append(indents ? space : "").append(lines[i]);
        }
        return result.toString();
    }

    private static Object required(List<Object> arguments, int place) {
        if (place >= arguments.size()) {
            throw new IllegalArgumentException("argument " + (place + 1) + " is missing");
        }
        return arguments.get(place);
    }

    private static List<Object> rest(List<Object> arguments) {
        return arguments.isEmpty() ? arguments : arguments.subList(1, arguments.size());
    }

    private static String first(List<Object> arguments, String fallback) {
        return arguments.isEmpty() ? fallback : TemplateValue.text(arguments.getFirst());
    }

    boolean test(String name, Object value, List<Object> arguments) {
        return switch (name) {
            case "defined" -> !(value instanceof TemplateValue.Undefined);
            case "undefined" -> value instanceof TemplateValue.Undefined;
            case "none" -> value == TemplateValue.NONE;
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map<?, ?>;
            case "sequence", "iterable" ->
                value instanceof String || value instanceof List<?> || value instanceof Map<?, ?>;
            case "boolean" -> value instanceof Boolean;
            case "true" -> value.equals(true);
            case "false" -> value.equals(false);
            case "number" -> value instanceof Number;
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "callable" -> value instanceof TemplateValue.Function;
            case "odd" -> Math.floorMod(integer(value), 2) == 1;
            case "even" -> Math.floorMod(integer(value), 2) == 0;
            case "divisibleby" -> Math.floorMod(integer(value), integer(required(arguments, 0))) == 0;
            case "in" -> contains(required(arguments, 0), value);
            case "eq", "equalto" -> equal(value, required(arguments, 0));
            case "ne" -> !equal(value, required(arguments, 0));
            case "sameas" -> value.equals(required(arguments, 0));
            default -> throw new IllegalArgumentException("the test 'is " + name + "' is not supported");
        };
    }
}
