package dev.squall.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds, maps and checks the parts of a split model, as llama.cpp's gguf-split names and marks them. */
final class SplitParts {
    private static final String NUMBER = "split.no";
    private static final String COUNT = "split.count";
    private static final String TENSOR_COUNT = "split.tensors.count";
    private static final Pattern NAME = Pattern.compile("(?<stem>.*)-(?<number>\\d{5})-of-(?<count>\\d{5})\\.gguf");

    private SplitParts() {}

    /**
     * All parts of the model that {@code first} begins, only itself if it is not split.
     *
     * @throws GgufFormatException if first is a later part, or another part is missing or belongs elsewhere
     */
    static List<GgufPart> mapAll(GgufPart first, Arena arena) throws IOException {
        int count = first.metadata().int32OrElse(COUNT, 0);
        if (count < 0 || count > GgufLimits.PARTS_MAX) {
            throw failure(first, COUNT, Integer.toString(count), "1 to " + GgufLimits.PARTS_MAX, null);
        }
        if (count <= 1) {
            return List.of(first);
        }
        Path name = first.file().getFileName();
        Matcher matcher = NAME.matcher(name == null ? "" : name.toString());
        if (!matcher.matches()) {
            throw new GgufFormatException(
                    first.file(),
                    "file name",
                    "no part number, but the file is one of %d parts".formatted(count),
                    "NAME-00001-of-%05d.gguf".formatted(count),
                    "give the parts their names back");
        }
        String stem = matcher.group("stem");
        int number = first.metadata().int32(NUMBER);
        if (number != 0) {
            throw failure(
                    first,
                    NUMBER,
                    "%d, a later part of the model".formatted(number),
                    "0, the first part",
                    "open " + Printable.text(sibling(first, stem, 0, count).toString()));
        }
        List<GgufPart> parts = new ArrayList<>(count);
        parts.add(first);
        checkName(first, matcher, 0, count);
        for (int i = 1; i < count; i++) {
            parts.add(map(first, sibling(first, stem, i, count), i, count, arena));
        }
        checkTensorCount(parts);
        return parts;
    }

    private static GgufPart map(GgufPart first, Path file, int number, int count, Arena arena) throws IOException {
        if (!Files.exists(file)) {
            throw new GgufFormatException(
                    first.file(),
                    "part %d of %d".formatted(number + 1, count),
                    "missing",
                    Printable.text(file.toString()) + " beside the part",
                    "download all %d parts into one folder".formatted(count));
        }
        GgufPart part = GgufPart.map(file, arena);
        expect(part, NUMBER, number);
        expect(part, COUNT, count);
        return part;
    }

    private static void checkName(GgufPart part, Matcher matcher, int number, int count) {
        if (Integer.parseInt(matcher.group("number")) != number + 1
                || Integer.parseInt(matcher.group("count")) != count) {
            throw new GgufFormatException(
                    part.file(),
                    "file name",
                    "part %s of %s".formatted(matcher.group("number"), matcher.group("count")),
                    "%05d of %05d (%s, %s)".formatted(number + 1, count, NUMBER, COUNT),
                    "give the parts their names back");
        }
    }

    private static void checkTensorCount(List<GgufPart> parts) {
        GgufPart first = parts.getFirst();
        long tensors = parts.stream().mapToLong(part -> part.tensors().size()).sum();
        if (tensors > GgufLimits.TENSORS_MAX) {
            throw new GgufFormatException(
                    first.file(),
                    "parts",
                    "%d tensors in all".formatted(tensors),
                    "at most " + GgufLimits.TENSORS_MAX,
                    null);
        }
        if (first.metadata().contains(TENSOR_COUNT)) {
            long expected = first.metadata().int64(TENSOR_COUNT);
            if (expected != tensors) {
                throw failure(
                        first,
                        TENSOR_COUNT,
                        Long.toString(expected),
                        "%d, as many as the %d parts hold".formatted(tensors, parts.size()),
                        "the parts are not of one model, download them again");
            }
        }
    }

    private static void expect(GgufPart part, String key, int expected) {
        int actual = part.metadata().int32(key);
        if (actual != expected) {
            throw failure(
                    part,
                    key,
                    Integer.toString(actual),
                    "%d, as the file's name says".formatted(expected),
                    "the parts are not of one model, download them again");
        }
    }

    private static Path sibling(GgufPart part, String stem, int number, int count) {
        return part.file().resolveSibling(String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", stem, number + 1, count));
    }

    private static GgufFormatException failure(
            GgufPart part, String key, String actual, String expected, @Nullable String remedy) {
        return new GgufFormatException(part.file(), GgufMetadata.subject(key), actual, expected, remedy);
    }
}
