package dev.squall.cli.loading;

import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Failures;
import dev.squall.compute.BackendFactory;
import dev.squall.tornado.CompileListener;
import dev.squall.tornado.DeviceLimits;
import dev.squall.tornado.TornadoBackend;
import dev.squall.tornado.TornadoDevices;
import java.io.PrintStream;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/**
 * Where a model is computed.
 *
 * @param index which of TornadoVM's or the simulator's devices; -1 for the first
 */
public record Device(Kind kind, int index) {
    public static final Device AUTO = new Device(Kind.AUTO, -1);
    public static final Device CPU = new Device(Kind.CPU, -1);

    private static final Pattern WORD = Pattern.compile("(auto|cpu|(sim|tornado)(?::(\\d{1,4}))?)");

    /** What kind of device. */
    enum Kind {
        /** TornadoVM's first device that is not the processor, where TornadoVM is, or else the processor. */
        AUTO,
        CPU,
        /** TornadoVM's simulator: what runs on a device, on the JVM. */
        SIM,
        TORNADO
    }

    /** Offered by completion and help. */
    public static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return List.of("auto", "cpu", "sim", "tornado").iterator();
        }
    }

    /** Reads {@code auto}, {@code cpu}, {@code sim}, {@code sim:1}, {@code tornado}, {@code tornado:1}. */
    public static Device parse(String text) {
        Matcher matcher = WORD.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new TypeConversionException("'" + text + "', expected auto, cpu, sim, tornado, or one of several"
                    + " devices as sim:1 or tornado:1");
        }
        String kind = matcher.group(2) == null ? matcher.group(1) : matcher.group(2);
        int index = matcher.group(3) == null ? -1 : Integer.parseInt(matcher.group(3));
        return new Device(Kind.valueOf(kind.toUpperCase(Locale.ROOT)), index);
    }

    /** Whether experts are computed in memory of the device's own. */
    public boolean hasMemory() {
        return kind == Kind.SIM || kind == Kind.TORNADO;
    }

    /**
     * Checks that the device is there.
     *
     * @throws CommandFailure if not; the message says what to do
     */
    public void validate() {
        switch (kind) {
            case AUTO, CPU -> {}
            case SIM -> {
                if (TornadoDevices.isTornadoVm()) {
                    throw CommandFailure.ofUsage("--device sim: TornadoVM itself is on the module path, expected only"
                            + " its simulator: start without TornadoVM's argument file, or use --device tornado");
                }
                validateIndex();
            }
            case TORNADO -> {
                if (!TornadoDevices.isTornadoVm()) {
                    throw CommandFailure.ofUsage(
                            "--device tornado: no TornadoVM found: run ./setup-tornado.sh, or set TORNADOVM_HOME"
                                    + " to an SDK of TornadoVM 5.2 for JDK 25, and start with ./squall; or use --device cpu");
                }
                validateIndex();
            }
        }
    }

    private void validateIndex() {
        int devices = found("--device " + this).size();
        if (index >= devices) {
            throw CommandFailure.ofUsage("--device " + this + ": expected 0 to " + (devices - 1)
                    + ": squall doctor lists the devices there are");
        }
    }

    private static List<TornadoDevices.Description> found(String option) {
        try {
            return TornadoDevices.list();
        } catch (IllegalStateException e) {
            throw CommandFailure.ofUsage(option + ": " + e.getMessage());
        }
    }

    /**
     * What {@code auto} means here.
     *
     * @param notes is told what was found where TornadoVM is
     */
    Device chosen(PrintStream notes) {
        if (kind != Kind.AUTO) {
            return this;
        }
        if (!TornadoDevices.isTornadoVm()) {
            return CPU;
        }
        try {
            Optional<TornadoDevices.Description> device = TornadoDevices.list().stream()
                    .filter(description -> !description.isProcessor())
                    .findFirst();
            if (device.isPresent()) {
                Device tornado = new Device(Kind.TORNADO, device.get().index());
                notes.println("squall: --device auto computes on " + tornado + ", "
                        + device.get().name());
                return tornado;
            }
            notes.println("squall: --device auto computes on the processor: TornadoVM finds no other device");
        } catch (IllegalStateException e) {
            notes.println("squall: --device auto computes on the processor: " + Failures.oneLine("" + e.getMessage()));
        }
        return CPU;
    }

    /**
     * What computes, once {@code auto} is resolved.
     *
     * @param memoryBytes of a device, for everything; 0 for what suits it
     * @param listener hears how far a device's kernels are compiled
     */
    public BackendFactory backend(Kernels kernels, long memoryBytes, CompileListener listener) {
        return switch (kind) {
            case AUTO, CPU -> kernels.backend();
            case SIM, TORNADO -> TornadoBackend.factory(new DeviceLimits(index, memoryBytes, Long.MAX_VALUE), listener);
        };
    }

    @Override
    public String toString() {
        return kind.name().toLowerCase(Locale.ROOT) + (index < 0 ? "" : ":" + index);
    }
}
