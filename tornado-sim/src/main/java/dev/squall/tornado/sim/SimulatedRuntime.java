package dev.squall.tornado.sim;

import java.util.Locale;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;

/**
 * A runtime of one backend with one device: this JVM. As in TornadoVM the property {@code tornado.device.memory} bounds
 * what the device holds, 4GB by default.
 */
public final class SimulatedRuntime implements TornadoRuntime {
    public static final SimulatedRuntime INSTANCE = new SimulatedRuntime();

    private static final int GROUP_SIZE_MAX = 1024;

    private final Device device = new Device();
    private long usedBytes;
    private volatile boolean findsRaces;

    private SimulatedRuntime() {}

    /** Whether arrays that are allocated from now on are watched for races: slow, for tests of kernels. */
    public void findRaces(boolean wanted) {
        findsRaces = wanted;
    }

    boolean findsRaces() {
        return findsRaces;
    }

    synchronized void allocate(long bytes) {
        long most = memoryBytesMax();
        if (usedBytes + bytes > most) {
            throw new TornadoOutOfMemoryException(
                    "a buffer of %d bytes beside %d in use, expected at most %d in all: give -Dtornado.device.memory"
                            .formatted(bytes, usedBytes, most));
        }
        usedBytes += bytes;
    }

    synchronized void release(long bytes) {
        usedBytes -= bytes;
    }

    private static long memoryBytesMax() {
        String size = System.getProperty("tornado.device.memory", "4GB").toUpperCase(Locale.ROOT);
        String number = size.replaceAll("[KMG]?B$", "");
        int unit = size.length() - number.length() < 2 ? 0 : "KMG".indexOf(size.charAt(number.length())) + 1;
        return Long.parseLong(number.strip()) << (10 * unit);
    }

    static int groupSizeMax() {
        return GROUP_SIZE_MAX;
    }

    @Override
    public TornadoBackend getBackend(int index) {
        if (index != 0) {
            throw new SimulationException("backend " + index + ", expected 0: the simulator has one");
        }
        return device;
    }

    @Override
    public int getNumBackends() {
        return 1;
    }

    @Override
    public TornadoDevice getDefaultDevice() {
        return device;
    }

    private static final class Device implements TornadoDevice, TornadoBackend {
        @Override
        public String getDeviceName() {
            return "simulator";
        }

        @Override
        public String getDescription() {
            return "simulated device";
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

        @Override
        public TornadoDevice getDefaultDevice() {
            return this;
        }

        @Override
        public int getNumDevices() {
            return 1;
        }

        @Override
        public TornadoDevice getDevice(int index) {
            if (index != 0) {
                throw new SimulationException("device " + index + ", expected 0: the simulator has one");
            }
            return this;
        }
    }
}
