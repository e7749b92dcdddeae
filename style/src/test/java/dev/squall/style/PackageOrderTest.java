package dev.squall.style;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the one way through the house: each package imports only from those before it. */
class PackageOrderTest {
    private static final String ROOT = "dev.squall.";

    /** The engine's packages as data flows through them, then the modules that build on the engine. */
    private static final List<String> ORDER = List.of(
            "gguf",
            "tokenizer",
            "model",
            "routing",
            "expert",
            "predict",
            "compute",
            "sampling",
            "generate",
            "perplexity",
            "index",
            "tornado",
            "cli",
            "bench");

    /** What all commands need, as it builds up; then the commands, none of which knows another; {@code cli} knows all. */
    private static final List<String> COMMAND_LINE = List.of(
            "plot",
            "process",
            "file",
            "terminal",
            "option",
            "loading",
            "answer",
            "chat",
            "batch",
            "index",
            "models",
            "measure",
            "doctor");

    private static final List<String> COMMANDS =
            COMMAND_LINE.subList(COMMAND_LINE.indexOf("answer") + 1, COMMAND_LINE.size());

    private static final JavaClasses PRODUCTION = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.squall");

    @Test
    void everyPackageHasAPlaceInTheOrder() {
        List<String> strangers = PRODUCTION.stream()
                .map(c -> c.getPackageName().substring(ROOT.length()))
                .map(name -> name.split("\\.")[0])
                .distinct()
                .filter(name -> !ORDER.contains(name))
                .toList();

        assertThat(PRODUCTION).isNotEmpty();
        assertThat(strangers).as("packages that %s does not place", ORDER).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("packagesThatHaveLaterOnes")
    void importsOnlyFromPackagesBeforeIt(String name) {
        String[] later = ORDER.stream()
                .skip(ORDER.indexOf(name) + 1L)
                .map(p -> ROOT + p + "..")
                .toArray(String[]::new);

        noClasses()
                .that()
                .resideInAPackage(ROOT + name + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(later)
                .allowEmptyShould(true)
                .check(PRODUCTION);
    }

    private static Stream<String> packagesThatHaveLaterOnes() {
        return IntStream.range(0, ORDER.size() - 1).mapToObj(ORDER::get);
    }

    @Test
    void everyPackageOfTheCommandLineHasAPlaceInItsOrder() {
        List<String> packages = PRODUCTION.stream()
                .map(JavaClass::getPackageName)
                .filter(name -> name.startsWith(ROOT + "cli."))
                .map(name -> name.substring((ROOT + "cli.").length()))
                .distinct()
                .toList();

        assertThat(packages).containsExactlyInAnyOrderElementsOf(COMMAND_LINE);
    }

    @ParameterizedTest
    @MethodSource("packagesOfTheCommandLine")
    void partsOfTheCommandLineImportOnlyFromPartsBeforeThem(String name) {
        List<String> others = COMMANDS.contains(name)
                ? COMMANDS
                : COMMAND_LINE.subList(COMMAND_LINE.indexOf(name), COMMAND_LINE.size());
        String[] forbidden = Stream.concat(
                        Stream.of(ROOT + "cli"),
                        others.stream().filter(other -> !other.equals(name)).map(other -> ROOT + "cli." + other + ".."))
                .toArray(String[]::new);

        noClasses()
                .that()
                .resideInAPackage(ROOT + "cli." + name + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(forbidden)
                .check(PRODUCTION);
    }

    private static Stream<String> packagesOfTheCommandLine() {
        return COMMAND_LINE.stream();
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching(ROOT + "(**)").should().beFreeOfCycles().check(PRODUCTION);
    }

    @Test
    void onlyTheIndexKnowsLucene() {
        onlyIn("org.apache.lucene..", "index");
    }

    @Test
    void onlyTheTornadoModuleKnowsTornadoVm() {
        onlyIn("uk.ac.manchester.tornado..", "tornado");
    }

    @Test
    void onlyTheComputePackageKnowsTheVectorApi() {
        onlyIn("jdk.incubator.vector..", "compute");
    }

    @Test
    void onlyTheCommandLineKnowsPicocliAndJline() {
        noClasses()
                .that(not(resideInAnyPackage(ROOT + "cli..", ROOT + "bench..")))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("picocli..", "org.jline..")
                .check(PRODUCTION);
    }

    private static void onlyIn(String library, String owner) {
        classes()
                .that(not(resideInAPackage(ROOT + owner + "..")))
                .should()
                .onlyDependOnClassesThat(not(resideInAPackage(library)))
                .as("only %s%s uses %s".formatted(ROOT, owner, library))
                .check(PRODUCTION);
    }
}
