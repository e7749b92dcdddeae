package dev.squall.tornado.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;

/** Holds the simulator's signatures against TornadoVM's own, where {@code TORNADOVM_HOME} names an SDK. */
class ParityTest {
    private static final String API = "uk/ac/manchester/tornado/api/";
    private static final Set<String> OWN_METHODS = Set.of("newDeviceArray", "watch", "watched");

    @Test
    void everyPublicMemberIsOneOfTornadoVm() throws IOException {
        String home = System.getenv("TORNADOVM_HOME");
        assumeTrue(home != null, "TORNADOVM_HOME is not set: signatures were not held against TornadoVM's own");
        Path jar;
        try (Stream<Path> jars = Files.list(Path.of(String.valueOf(home), "share/java/tornado"))) {
            jar = jars.filter(file -> String.valueOf(file.getFileName()).matches("tornado-api-\\d.*\\.jar"))
                    .findFirst()
                    .orElseThrow();
        }
        List<String> missing = new ArrayList<>();
        try (JarFile real = new JarFile(jar.toFile())) {
            for (ClassModel simulated : simulatedClasses()) {
                compare(simulated, real, missing);
            }
        }
        assertThat(missing).as("members that %s does not have", jar).isEmpty();
    }

    private static void compare(ClassModel simulated, JarFile real, List<String> missing) throws IOException {
        String name = simulated.thisClass().asInternalName();
        Optional<ClassModel> counterpart = find(real, name);
        if (counterpart.isEmpty()) {
            missing.add(name);
            return;
        }
        for (MethodModel method : simulated.methods()) {
            boolean own = signature(method).contains("dev/squall")
                    || OWN_METHODS.contains(method.methodName().stringValue())
                    || method.flags().has(AccessFlag.SYNTHETIC)
                    || !method.flags().has(AccessFlag.PUBLIC);
            if (!own && !hasMethod(real, name, signature(method))) {
                missing.add(name + "." + signature(method));
            }
        }
        for (FieldModel field : simulated.fields()) {
            if (field.flags().has(AccessFlag.PUBLIC)
                    && counterpart.get().fields().stream()
                            .noneMatch(f -> signature(f).equals(signature(field)))) {
                missing.add(name + "." + signature(field));
            }
        }
    }

    private static String signature(MethodModel method) {
        return method.methodName().stringValue()
                + method.methodType().stringValue()
                + (method.flags().has(AccessFlag.STATIC) ? " static" : "");
    }

    private static String signature(FieldModel field) {
        return field.fieldName().stringValue() + " " + field.fieldType().stringValue();
    }

    /** Whether the class has the method or inherits it. */
    private static boolean hasMethod(JarFile real, String name, String signature) throws IOException {
        Optional<ClassModel> found = find(real, name);
        if (found.isEmpty()) {
            return false;
        }
        ClassModel model = found.get();
        if (model.methods().stream().anyMatch(method -> signature(method).equals(signature))) {
            return true;
        }
        Stream<ClassEntry> parents = Stream.concat(model.superclass().stream(), model.interfaces().stream());
        for (ClassEntry parent : parents.toList()) {
            if (hasMethod(real, parent.asInternalName(), signature)) {
                return true;
            }
        }
        return false;
    }

    private static Optional<ClassModel> find(JarFile jar, String name) throws IOException {
        ZipEntry entry = jar.getEntry(name + ".class");
        if (entry == null) {
            return Optional.empty();
        }
        try (InputStream in = jar.getInputStream(entry)) {
            return Optional.of(ClassFile.of().parse(in.readAllBytes()));
        }
    }

    private static List<ClassModel> simulatedClasses() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("target/classes", API))) {
            return files.filter(file -> file.toString().endsWith(".class"))
                    .filter(file -> !file.endsWith("package-info.class"))
                    .map(ParityTest::parse)
                    .filter(model -> model.flags().has(AccessFlag.PUBLIC))
                    .toList();
        }
    }

    private static ClassModel parse(Path file) {
        try {
            return ClassFile.of().parse(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
