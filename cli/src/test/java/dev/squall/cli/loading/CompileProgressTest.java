package dev.squall.cli.loading;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.tornado.CompileListener;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CompileProgressTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream terminal = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String shownBy(CompileListener progress) {
        for (int done = 0; done <= 2; done++) {
            progress.onCompiled(done, 2);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void countsGraphsAndTakesTheLineAway() {
        assertThat(shownBy(new CompileProgress(terminal, 0)))
                .isEqualTo("\r\u001b[2mcompiling kernels: 0 of 2 graphs\u001b[0m"
                        + "\r\u001b[2mcompiling kernels: 1 of 2 graphs\u001b[0m\r\u001b[K");
    }

    @Test
    void isSilentIfItIsQuickOrNobodyLooks() {
        assertThat(shownBy(new CompileProgress(terminal, Long.MAX_VALUE))).isEmpty();
        assertThat(shownBy(new CompileProgress(null, 0))).isEmpty();
    }
}
