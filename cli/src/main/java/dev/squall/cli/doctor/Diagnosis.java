package dev.squall.cli.doctor;

import dev.squall.cli.loading.DemoModel;
import dev.squall.cli.loading.Device;
import dev.squall.cli.loading.Kernels;
import dev.squall.cli.option.Sizes;
import dev.squall.cli.process.AvailableMemory;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.Failures;
import dev.squall.cli.process.Home;
import dev.squall.cli.process.Streams;
import dev.squall.cli.process.VectorModule;
import dev.squall.compute.DeviceException;
import dev.squall.generate.GenerationRequest;
import dev.squall.generate.GenerationResult;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.gguf.GgufFormatException;
import dev.squall.model.ModelException;
import dev.squall.sampling.SamplingOptions;
import dev.squall.tokenizer.TokenizerException;
import dev.squall.tornado.CompileListener;
import dev.squall.tornado.TornadoDevices;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** What the doctor looks at, in the order in which one thing needs the other. */
final class Diagnosis {
    private static final int JAVA_FEATURE = 25;
    private static final long HEAP_BYTES_MIN = 256L << 20;

    private final Streams streams;
    private final Environment environment;
    private final Device device;

    /** @param device what answers beside the processor, if it has memory of its own */
    Diagnosis(Streams streams, Environment environment, Device device) {
        this.streams = streams;
        this.environment = environment;
        this.device = device;
    }

    List<Finding> findings() throws IOException {
        List<Finding> findings = new ArrayList<>();
        findings.add(java());
        Finding vectors = vectors();
        findings.add(vectors);
        findings.add(nativeAccess());
        findings.add(processors());
        findings.add(memory());
        findings.add(heap());
        findings.add(model(vectors.state() == Finding.State.FINE));
        findings.add(devices());
        if (device.hasMemory()) {
            findings.add(device());
        }
        findings.add(directory("history", Home.squall(environment)));
        findings.add(directory("cache", Home.cache(environment)));
        findings.add(encoding());
        findings.add(terminal());
        return findings;
    }

    private static Finding java() {
        String found = "Java %s of %s in %s"
                .formatted(Runtime.version(), System.getProperty("java.vendor"), System.getProperty("java.home"));
        return Runtime.version().feature() == JAVA_FEATURE
                ? Finding.fine("jdk", found)
                : Finding.missing(
                        "jdk",
                        found + ", expected " + JAVA_FEATURE,
                        "install a JDK " + JAVA_FEATURE + " and set JAVA_HOME to it");
    }

    private static Finding vectors() {
        return VectorModule.isLoaded()
                ? Finding.fine("vectors", "the Vector API is there")
                : Finding.missing(
                        "vectors",
                        "the module " + VectorModule.NAME + " is not loaded",
                        "start with ./squall, or give java --add-modules " + VectorModule.NAME);
    }

    private static Finding nativeAccess() {
        return Diagnosis.class.getModule().isNativeAccessEnabled()
                ? Finding.fine("native", "access to native memory and the terminal is enabled")
                : Finding.warning(
                        "native",
                        "native access is not enabled, so Java warns of it",
                        "start with ./squall, or give java --enable-native-access=ALL-UNNAMED");
    }

    private static Finding processors() {
        int available = Runtime.getRuntime().availableProcessors();
        String found = available + (available == 1 ? " processor" : " processors") + " for this process";
        String limit = firstLine(Path.of("/sys/fs/cgroup/cpu.max"));
        if (!limit.isEmpty() && !limit.startsWith("max")) {
            found += ", limited by cgroup (cpu.max " + limit + ")";
        }
        return Finding.fine("processors", found);
    }

    private static Finding memory() throws IOException {
        if (!(ManagementFactory.getOperatingSystemMXBean()
                instanceof com.sun.management.OperatingSystemMXBean system)) {
            return Finding.fine("memory", "this Java runtime does not tell how much there is");
        }
        OptionalLong available = new AvailableMemory(Path.of("/")).bytes();
        return Finding.fine(
                "memory",
                Sizes.bytes(system.getTotalMemorySize())
                        + (available.isEmpty()
                                ? ""
                                : ", of which this process may take " + Sizes.bytes(available.getAsLong())));
    }

    private static Finding heap() {
        long bytes = Runtime.getRuntime().maxMemory();
        String found = "the Java heap may take " + Sizes.bytes(bytes);
        return bytes >= HEAP_BYTES_MIN
                ? Finding.fine("heap", found)
                : Finding.warning(
                        "heap",
                        found + ", expected at least " + Sizes.bytes(HEAP_BYTES_MIN),
                        "export SQUALL_JAVA_OPTS=-Xmx1g");
    }

    /** Runs the demo model for a few tokens: if that works, everything up to the processor does. */
    private Finding model(boolean vectors) {
        String reinstall = "install Squall again, or name a model with squall chat --model FILE";
        try {
            Path file = DemoModel.locate(Home.cache(environment), streams.err());
            if (!vectors) {
                return Finding.warning(
                        "demo model", file + " is there, but was not run", "load the Vector API, as above");
            }
            try (LanguageModel model = LanguageModel.builder(file).load();
                    Session session = model.newSession()) {
                GenerationResult result = session.generate(
                        GenerationRequest.of(model.tokenizer().encodePrompt("Hello"), 16, SamplingOptions.greedy()),
                        TokenListener.NONE);
                return Finding.fine(
                        "demo model",
                        String.format(
                                Locale.ROOT,
                                "%s runs on %s: %.0f tokens/s while warming up",
                                file,
                                model.backendDescription(),
                                result.metrics().decodeTokensPerSecond()));
            }
        } catch (IOException | CommandFailure | GgufFormatException | ModelException | TokenizerException e) {
            return Finding.missing("demo model", Failures.describe(e), reinstall);
        }
    }

    /** All devices that TornadoVM finds. */
    private static Finding devices() {
        if (!TornadoDevices.isTornadoVm()) {
            return Finding.fine("devices", "the processor only, as there is no TornadoVM here");
        }
        try {
            return Finding.fine(
                    "devices",
                    TornadoDevices.list().stream()
                            .map(device -> "tornado:%d %s%s (%s, %s, buffers up to %s)"
                                    .formatted(
                                            device.index(),
                                            device.name(),
                                            device.isProcessor() ? ", the processor" : "",
                                            device.backend(),
                                            Sizes.bytes(device.memoryBytes()),
                                            Sizes.bytes(device.bufferBytesMax())))
                            .collect(Collectors.joining("; ")));
        } catch (IllegalStateException e) {
            return Finding.warning("devices", Failures.oneLine("" + e.getMessage()), "run ./setup-tornado.sh");
        }
    }

    /** Lets the device answer what the processor answers: that runs all its kernels. */
    private Finding device() {
        try {
            try {
                device.validate();
            } catch (CommandFailure e) {
                return Finding.missing("device", Failures.describe(e), "run ./setup-tornado.sh");
            }
            Path file = DemoModel.locate(Home.cache(environment), streams.err());
            Answer expected = answer(file, Device.CPU);
            Answer found = answer(file, device);
            return found.text().equals(expected.text())
                    ? Finding.fine("device", found.backend() + " answers as the processor does")
                    : Finding.missing(
                            "device",
                            found.backend() + " answers '" + found.text() + "', the processor '" + expected.text()
                                    + "'",
                            "see whether the device's driver is current, or use --device cpu");
        } catch (IOException | CommandFailure | ModelException | DeviceException e) {
            return Finding.missing("device", Failures.describe(e), "use --device cpu");
        }
    }

    /** What a device said, and what it is. */
    private record Answer(String text, String backend) {}

    private static Answer answer(Path file, Device device) throws IOException {
        try (LanguageModel model = LanguageModel.builder(file)
                        .contextTokens(128)
                        .backend(device.backend(Kernels.VECTOR, 0, CompileListener.NONE))
                        .load();
                Session session = model.newSession()) {
            GenerationResult result = session.generate(
                    GenerationRequest.of(
                            model.tokenizer().encodePrompt("What is the capital of France?"),
                            16,
                            SamplingOptions.greedy()),
                    TokenListener.NONE);
            return new Answer(result.text(), model.backendDescription());
        }
    }

    private static Finding directory(String subject, Path directory) {
        Path existing = directory;
        while (!Files.exists(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        return Files.isDirectory(existing) && Files.isWritable(existing)
                ? Finding.fine(subject, directory + " can be written")
                : Finding.warning(
                        subject,
                        directory + " cannot be written",
                        "make " + existing + " a folder that you may write to, or set HOME");
    }

    private static Finding encoding() {
        String encoding = System.getProperty("sun.jnu.encoding", "unknown");
        return encoding.equalsIgnoreCase("UTF-8")
                ? Finding.fine("encoding", "arguments and file names are UTF-8")
                : Finding.warning(
                        "encoding",
                        "arguments and file names are " + encoding + ", so others than English ones are lost",
                        "export LC_ALL=C.UTF-8");
    }

    private Finding terminal() {
        if (!streams.interactive()) {
            return Finding.fine("terminal", "none here, so there is no chat screen: use squall chat -p TEXT");
        }
        String type = environment.get("TERM");
        return type == null || type.equals("dumb")
                ? Finding.warning("terminal", "of no known type, so there are no colours", "export TERM=xterm-256color")
                : Finding.fine(
                        "terminal", type + (environment.get("NO_COLOR") == null ? "" : ", no colours (NO_COLOR)"));
    }

    /** A line of a system file, empty where there is none. */
    private static String firstLine(Path file) {
        try {
            return Files.isReadable(file) ? Files.readString(file).strip() : "";
        } catch (IOException e) {
            return "";
        }
    }
}
