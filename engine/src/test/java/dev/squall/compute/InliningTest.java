package dev.squall.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the compiler does not take into a caller, whatever it has seen before. */
class InliningTest {
    /** Bytes of the longest method that C2 inlines where it is called often (its flag FreqInlineSize). */
    private static final int INLINED_BYTES_MAX = 325;

    @ParameterizedTest
    @ValueSource(classes = {VectorKernels.class, SuperBlockProducts.class, OuterProducts.class})
    void methodsThatMultiplyATileAreTooLongToBeInlined(Class<?> kernels) throws IOException {
        Map<String, Integer> bytes = bytesOfMethods(kernels, "multiply(Four|Two)By.*|addFour.*");
        assertThat(bytes)
                .hasSizeGreaterThanOrEqualTo(2)
                .allSatisfy((method, length) -> assertThat(length).as(method).isGreaterThan(INLINED_BYTES_MAX));
    }

    @Test
    void methodsThatDecodeColumnsAreTooLongToBeInlined() throws IOException {
        Map<String, Integer> bytes = new HashMap<>(bytesOfMethods(ColumnDecoders.class, "nibbles|eighth|levels"));
        bytes.putAll(bytesOfMethods(Transposition.class, "transpose.*"));
        assertThat(bytes)
                .hasSize(5)
                .allSatisfy((method, length) -> assertThat(length).as(method).isGreaterThan(INLINED_BYTES_MAX));
    }

    private static Map<String, Integer> bytesOfMethods(Class<?> of, String pattern) throws IOException {
        try (InputStream in = Objects.requireNonNull(of.getResourceAsStream(of.getSimpleName() + ".class"))) {
            ClassModel model = ClassFile.of().parse(in.readAllBytes());
            return model.methods().stream()
                    .filter(method -> method.methodName().stringValue().matches(pattern))
                    .collect(Collectors.toMap(
                            method -> method.methodName().stringValue(),
                            method -> ((CodeAttribute) method.code().orElseThrow()).codeLength()));
        }
    }
}
