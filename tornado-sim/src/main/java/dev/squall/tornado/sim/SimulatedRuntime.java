package dev.squall.tornado.sim;

import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** A runtime of one backend with two devices, each of them this JVM. */
public final class SimulatedRuntime implements TornadoRuntime {
    public static final SimulatedRuntime INSTANCE = new SimulatedRuntime();

    private final SimulatedDevice[] devices = {new SimulatedDevice(0), new SimulatedDevice(1)};
    private final Backend backend = new Backend();
    private volatile boolean findsRaces;

    private SimulatedRuntime() {}

    /** Whether arrays that are allocated from now on are watched for races: slow, for tests of kernels. */
    public void findRaces(boolean wanted) {
        findsRaces = wanted;
    }

    boolean findsRaces() {
        return findsRaces;
    }

    /** A device, for those who let it fail. */
    public SimulatedDevice device(int index) {
        if (index < 0 || index >= devices.length) {
            throw new SimulationException(
                    "device " + index + ", expected 0 to " + (devices.length - 1) + ": the simulator has no more");
        }
        return devices[index];
    }

    static int groupSizeMax() {
        return SimulatedDevice.GROUP_SIZE_MAX;
    }

    @Override
    public TornadoBackend getBackend(int index) {
        if (index != 0) {
            throw new SimulationException("backend " + index + ", expected 0: the simulator has one");
        }
        return backend;
    }

    @Override
    public int getNumBackends() {
        return 1;
    }

    @Override
    public TornadoDevice getDefaultDevice() {
        return devices[0];
    }

    private final class Backend implements TornadoBackend {
        @Override
        public TornadoDevice getDefaultDevice() {
            return devices[0];
        }

        @Override
        public int getNumDevices() {
            return devices.length;
        }

        @Override
        public TornadoDevice getDevice(int index) {
            return device(index);
        }
    }
}
