package dev.squall.style;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Reads the sources of every module as text and holds what compilers and formatters do not. */
class SourceStyleTest {
    private static final int LINES_MAX = 500;
    private static final Pattern VAGUE_NAME = Pattern.compile("Abstract.*|.*(Manager|Helper|Helpers|Utils|Util|Impl)");
    private static final Pattern UNFINISHED = Pattern.compile("\\b(TODO|FIXME|XXX|HACK)\\b");
    private static final Pattern COMMENTED_OUT = Pattern.compile("^\\s*//.*[;{]\\s*$");
    private static final Pattern CONSOLE = Pattern.compile("\\bSystem\\.(out|err)\\b|\\.printStackTrace\\(\\)");
    private static final Pattern EXIT = Pattern.compile("\\b(System\\.exit|Runtime\\.getRuntime\\(\\)\\.halt)\\(");
    private static final Pattern UNSAFE = Pattern.compile("\\bsun\\.misc\\.Unsafe\\b");
    private static final Pattern SKIPPED = Pattern.compile("@Disabled\\b");
    private static final Pattern MOCK = Pattern.compile("\\borg\\.mockito\\b");
    private static final Pattern EMPTY_CATCH = Pattern.compile("catch \\([^)]*\\) \\{\\s*}");
    private static final Pattern BROAD_CATCH =
            Pattern.compile("catch \\((final )?(Exception|RuntimeException|Throwable) ");
    private static final Pattern MACHINE_PATH = Pattern.compile("[\"' =](/work/|/tmp/|/home/|/root/)");
    private static final Pattern TEST_METHOD = Pattern.compile(
            "@(?:Test|ParameterizedTest|RepeatedTest)\\b(?:(?!\\bvoid\\b).)*\\bvoid (\\w+)\\(", Pattern.DOTALL);
    private static final Pattern SENTENCE = Pattern.compile("(?!test[A-Z_])[a-z]+[a-zA-Z0-9]*[A-Z]\\w*");

    private static final Map<Path, String> SOURCES = new TreeMap<>();

    @BeforeAll
    static void readSources() throws IOException {
        Path root = repository();
        try (Stream<Path> modules = Files.list(root)) {
            for (Path module : modules.filter(m -> Files.isRegularFile(m.resolve("pom.xml")))
                    .toList()) {
                read(root, module.resolve("src"));
            }
        }
        assertThat(SOURCES).as("sources under %s", root).isNotEmpty();
    }

    @Test
    void filesStayWithinTheLineLimit() {
        assertNone("files over " + LINES_MAX + " lines", text -> text.lines().count() > LINES_MAX, SOURCES);
    }

    @Test
    void typesAreNamedByWhatTheyAre() {
        List<Path> vague = SOURCES.keySet().stream()
                .filter(file -> VAGUE_NAME.matcher(typeName(file)).matches())
                .toList();

        assertThat(vague).as("types named %s", VAGUE_NAME).isEmpty();
    }

    @Test
    void everyPackageSaysWhatItIs() {
        List<Path> silent = SOURCES.keySet().stream()
                .filter(file -> file.toString().contains("/src/main/java/"))
                .map(file -> file.resolveSibling("package-info.java"))
                .distinct()
                .filter(info -> !SOURCES.getOrDefault(info, "").matches("(?s)/\\*\\*.*@NullMarked\\s+package .*"))
                .toList();

        assertThat(silent).as("packages without Javadoc and @NullMarked").isEmpty();
    }

    @Test
    void nothingIsLeftUnfinishedOrCommentedOut() {
        assertNoLine(UNFINISHED, SOURCES);
        assertNoLine(COMMENTED_OUT, SOURCES);
    }

    @Test
    void onlyTheCommandLineTouchesTheConsole() {
        assertNoLine(CONSOLE, production(file -> !isIn(file, "cli") && !isIn(file, "bench")));
    }

    @Test
    void oneClassOfAProgramEndsTheProcess() {
        assertNoLine(
                EXIT,
                production(file ->
                        !typeName(file).equals("ExitCode") && !typeName(file).equals("Bench")));
    }

    @Test
    void memoryIsReachedThroughSegmentsOnly() {
        assertNoLine(UNSAFE, SOURCES);
    }

    @Test
    void caughtErrorsAreNamedAndHandled() {
        assertNoLine(EMPTY_CATCH, SOURCES);
        assertNoLine(BROAD_CATCH, production(file -> true));
    }

    @Test
    void noMachineIsNamed() {
        assertNoLine(MACHINE_PATH, SOURCES);
    }

    @Test
    void testsUseRealPartsAndAllRun() {
        assertNoLine(SKIPPED, SOURCES);
        assertNoLine(MOCK, SOURCES);
    }

    @Test
    void namesOfTestsAreSentences() {
        List<String> found = new ArrayList<>();
        SOURCES.forEach((file, text) -> {
            Matcher tests = TEST_METHOD.matcher(text);
            while (tests.find()) {
                if (!SENTENCE.matcher(tests.group(1)).matches()) {
                    found.add(file + ": " + tests.group(1));
                }
            }
        });

        assertThat(found).as("test names that are no sentence").isEmpty();
    }

    private static void assertNoLine(Pattern pattern, Map<Path, String> sources) {
        List<String> found = new ArrayList<>();
        sources.forEach((file, text) -> {
            if (typeName(file).equals(SourceStyleTest.class.getSimpleName())) {
                return; // names the very words that it forbids
            }
            Matcher matcher = pattern.matcher(text);
            while (matcher.find()) {
                long line = text.substring(0, matcher.end()).lines().count();
                found.add(file + ":" + line + ": " + matcher.group().strip());
            }
        });

        assertThat(found).as("source that matches %s", pattern).isEmpty();
    }

    private static void assertNone(String what, Predicate<String> broken, Map<Path, String> sources) {
        List<Path> found = sources.entrySet().stream()
                .filter(source -> broken.test(source.getValue()))
                .map(Map.Entry::getKey)
                .toList();

        assertThat(found).as(what).isEmpty();
    }

    private static Map<Path, String> production(Predicate<Path> which) {
        Map<Path, String> sources = new TreeMap<>(SOURCES);
        sources.keySet().removeIf(file -> !file.toString().contains("/src/main/java/") || !which.test(file));
        return sources;
    }

    private static boolean isIn(Path file, String module) {
        return file.startsWith(module);
    }

    private static String typeName(Path file) {
        return file.getFileName().toString().replace(".java", "");
    }

    private static void read(Path root, Path sources) throws IOException {
        if (!Files.isDirectory(sources)) {
            return;
        }
        try (Stream<Path> files = Files.walk(sources)) {
            files.filter(file -> file.toString().endsWith(".java")).forEach(file -> {
                try {
                    SOURCES.put(root.relativize(file), Files.readString(file));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /** The folder of the parent POM; Surefire runs tests in the module's own folder. */
    private static Path repository() {
        Path module = Path.of("").toAbsolutePath();
        Path root = Files.isRegularFile(module.resolve("../LICENSE")) ? module.resolve("..") : module;
        return root.normalize();
    }
}
