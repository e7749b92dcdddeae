package dev.squall.tornado.sim;

import java.util.Locale;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

/**
 * This JVM as a device. As in TornadoVM the property {@code tornado.device.memory} bounds what it holds, 4GB by default. It
 * can be told to fail, as devices do.
 */
public final class SimulatedDevice implements TornadoDevice {
    static final int GROUP_SIZE_MAX = 1024;

    private final int index;
    private long usedBytes;
    private long mostBytes;
    private long launches;
    private long launchesLeft = Long.MAX_VALUE;

    SimulatedDevice(int index) {
        this.index = index;
    }

    /** Fails one launch: the next after {@code launches} more. */
    public synchronized void failAfter(long launchesBefore) {
        launchesLeft = launchesBefore;
    }

    /** Executions of graphs so far. */
    public synchronized long launches() {
        return launches;
    }

    /** Bytes allocated now. */
    public synchronized long usedBytes() {
        return usedBytes;
    }

    /** The most bytes that were ever allocated at once. */
    public synchronized long mostBytes() {
        return mostBytes;
    }

    synchronized void launch(String graph) {
        launches++;
        if (launchesLeft-- == 0) {
            launchesLeft = Long.MAX_VALUE;
            throw new TornadoRuntimeException("simulated failure of the device in graph " + graph);
        }
    }

    /** Takes memory, for a graph or as another program does. */
    public synchronized void allocate(long bytes) {
        long most = memoryBytesMax();
        if (usedBytes + bytes > most) {
            throw new TornadoOutOfMemoryException(
                    "a buffer of %d bytes beside %d in use, expected at most %d in all: give -Dtornado.device.memory"
                            .formatted(bytes, usedBytes, most));
        }
        usedBytes += bytes;
        mostBytes = Math.max(mostBytes, usedBytes);
    }

    /** Gives memory back. */
    public synchronized void release(long bytes) {
        usedBytes -= bytes;
    }

    private static long memoryBytesMax() {
        String size = System.getProperty("tornado.device.memory", "4GB").toUpperCase(Locale.ROOT);
        String number = size.replaceAll("[KMG]?B$", "");
        int unit = size.length() - number.length() < 2 ? 0 : "KMG".indexOf(size.charAt(number.length())) + 1;
        return Long.parseLong(number.strip()) << (10 * unit);
    }

    @Override
    public String getDeviceName() {
        return index == 0 ? "simulator" : "simulator " + index;
    }

    @Override
    public String getDescription() {
        return getDeviceName();
    }

    @Override
    public String getPlatformName() {
        return "Java " + Runtime.version().feature();
    }

    @Override
    public TornadoDeviceType getDeviceType() {
        return TornadoDeviceType.CPU;
    }

    @Override
    public TornadoVMBackendType getTornadoVMBackend() {
        return TornadoVMBackendType.VIRTUAL;
    }

    @Override
    public long getMaxAllocMemory() {
        return Integer.MAX_VALUE - 8;
    }

    @Override
    public long getMaxGlobalMemory() {
        return memoryBytesMax();
    }

    @Override
    public long[] getDeviceMaxWorkgroupDimensions() {
        return new long[] {GROUP_SIZE_MAX, GROUP_SIZE_MAX, GROUP_SIZE_MAX};
    }
}
