package dev.squall.tornado;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.exceptions.TornadoInternalError;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** The devices that TornadoVM finds, or its simulator's. */
public final class TornadoDevices {
    private static final String MEMORY_PROPERTY = "tornado.device.memory";

    /** What TornadoVM takes of any device by itself. */
    private static final long PROCESSOR_BYTES = 4L << 30;

    /** The rest is for the driver, the display and what compilers need. */
    private static final double SHARE_OF_MEMORY = 0.9;

    private static final Pattern COLOURS = Pattern.compile("\u001B\\[[0-9;]*m");

    private TornadoDevices() {}

    /**
     * A device.
     *
     * @param index by which it is chosen
     * @param backend how TornadoVM reaches it, in lower case: opencl, ptx, ...
     * @param isProcessor whether it is the machine's processor
     * @param memoryBytes all it has
     * @param bufferBytesMax the largest buffer
     */
    public record Description(
            int index, String name, String backend, boolean isProcessor, long memoryBytes, long bufferBytesMax) {}

    /** Whether TornadoVM itself is there, and not only its simulator. */
    public static boolean isTornadoVm() {
        return TornadoRuntimeProvider.class.getModule().isNamed();
    }

    /**
     * All devices, backend by backend.
     *
     * @throws IllegalStateException if TornadoVM does not start; the message says why
     */
    public static List<Description> list() {
        List<Description> list = new ArrayList<>();
        for (TornadoDevice device : all()) {
            list.add(new Description(
                    list.size(),
                    name(device),
                    device.getTornadoVMBackend().name().toLowerCase(Locale.ROOT),
                    device.getDeviceType() == TornadoDeviceType.CPU,
                    device.getMaxGlobalMemory(),
                    device.getMaxAllocMemory()));
        }
        return list;
    }

    /** What people call a device. */
    static String name(TornadoDevice device) {
        return device.getDescription().strip();
    }

    private static List<TornadoDevice> all() {
        TornadoRuntime runtime = runtime();
        List<TornadoDevice> all = new ArrayList<>();
        for (int i = 0; i < runtime.getNumBackends(); i++) {
            TornadoBackend backend = runtime.getBackend(i);
            for (int j = 0; j < backend.getNumDevices(); j++) {
                all.add(backend.getDevice(j));
            }
        }
        return all;
    }

    private static TornadoRuntime runtime() {
        // TornadoVM reads its own limit once; MemoryBudget holds ours, which it takes from the device.
        if (isTornadoVm() && System.getProperty(MEMORY_PROPERTY) == null) {
            System.setProperty(MEMORY_PROPERTY, "1024GB");
        }
        try {
            return TornadoRuntimeProvider.getTornadoRuntime();
        } catch (TornadoRuntimeException | TornadoInternalError | LinkageError e) {
            throw new IllegalStateException(
                    "TornadoVM does not start: " + reason(e.getCause() == null ? e : e.getCause())
                            + ": run ./setup-tornado.sh again, or use --device cpu",
                    e);
        }
    }

    /** What an exception of TornadoVM says, on one line and without its colours. */
    static String reason(Throwable failure) {
        String message = failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
        return COLOURS.matcher(message)
                .replaceAll("")
                .replaceAll("\\s+", " ")
                .replaceFirst(" ?Stacktrace: .*", "")
                .strip();
    }

    /** The one that TornadoVM takes by itself. */
    static TornadoDevice preferred() {
        return runtime().getDefaultDevice();
    }

    /**
     * A device by its index.
     *
     * @param index of {@link #list}; -1 for the one that TornadoVM takes by itself
     * @throws IllegalArgumentException if there is none
     */
    static TornadoDevice get(int index) {
        if (index < 0) {
            return preferred();
        }
        List<TornadoDevice> all = all();
        if (index >= all.size()) {
            throw new IllegalArgumentException("device " + index + ", expected 0 to " + (all.size() - 1)
                    + ": see squall doctor for those there are");
        }
        return all.get(index);
    }

    /** What of a device's memory is used where nobody says. */
    static long usableBytes(TornadoDevice device) {
        boolean isProcessor = device.getDeviceType() == TornadoDeviceType.CPU;
        long suits = isProcessor ? PROCESSOR_BYTES : (long) (device.getMaxGlobalMemory() * SHARE_OF_MEMORY);
        return Math.min(suits, mostBytes(device));
    }

    /** What of a device's memory may be used at all. */
    static long mostBytes(TornadoDevice device) {
        return Math.min(device.getMaxGlobalMemory(), limitBytes());
    }

    /** TornadoVM's own limit, as in 512MB. */
    private static long limitBytes() {
        String size = System.getProperty(MEMORY_PROPERTY, "1024GB").toUpperCase(Locale.ROOT);
        String number = size.replaceAll("[KMGTPE]?B?$", "");
        if (!number.matches("\\d{1,18}")) {
            throw new IllegalArgumentException(
                    "-D" + MEMORY_PROPERTY + "=" + size + ": expected a size such as 512MB or 8GB");
        }
        int unit = size.length() == number.length() ? 0 : "BKMGTPE".indexOf(size.charAt(number.length()));
        return Long.parseLong(number) << (10 * unit);
    }
}
