package dev.squall.cli.doctor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.squall.cli.loading.Device;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.Palette;
import dev.squall.cli.terminal.TerminalText;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Checks the machine. */
@Command(
        name = "doctor",
        versionProvider = Version.class,
        description =
                "Checks whether this machine has what Squall needs, and names the command that mends what is missing.",
        sortOptions = false,
        footer = {"", "The exit code is 1 if something needed is missing; warnings do not count."})
public final class DoctorCommand implements Callable<Integer> {
    private final Streams streams;
    private final Environment environment;

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    @Option(
            names = "--device",
            paramLabel = "cpu|sim[:N]|tornado[:N]",
            defaultValue = "auto",
            completionCandidates = Device.Names.class,
            description = "Let this device answer, too, and compare with the processor's answer. Default: none.")
    private Device device = Device.AUTO;

    @Mixin
    private CommonOptions common = new CommonOptions();

    public DoctorCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        List<Finding> findings = new Diagnosis(streams, environment, device).findings();
        if (json) {
            writeJson(streams.out(), findings);
        } else {
            Palette palette = common.color.palette(streams.outTerminal(), environment);
            findings.forEach(finding -> print(finding, palette));
        }
        return findings.stream().anyMatch(finding -> finding.state() == Finding.State.MISSING)
                ? ExitCode.FAILED
                : ExitCode.FINE;
    }

    private void print(Finding finding, Palette palette) {
        String state =
                switch (finding.state()) {
                    case FINE -> palette.good("fine   ");
                    case WARNING -> palette.warning("warning");
                    case MISSING -> palette.error("missing");
                };
        streams.out().println(state + "  %-12s ".formatted(finding.subject()) + TerminalText.line(finding.text()));
        if (finding.remedy() != null) {
            streams.out().println("%21s  mend: %s".formatted("", TerminalText.line(finding.remedy())));
        }
    }

    private static void writeJson(OutputStream out, List<Finding> findings) throws IOException {
        JsonFactory factory = new JsonFactory().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        try (JsonGenerator generator = factory.createGenerator(out)) {
            generator.writeStartObject();
            generator.writeStringField("version", Version.number());
            generator.writeArrayFieldStart("findings");
            for (Finding finding : findings) {
                generator.writeStartObject();
                generator.writeStringField("subject", finding.subject());
                generator.writeStringField("state", finding.state().name().toLowerCase(Locale.ROOT));
                generator.writeStringField("text", finding.text());
                generator.writeStringField("remedy", finding.remedy());
                generator.writeEndObject();
            }
            generator.writeEndArray();
            generator.writeEndObject();
        }
        out.write(System.lineSeparator().getBytes(StandardCharsets.UTF_8));
        out.flush();
    }
}
