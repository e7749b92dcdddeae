package dev.squall.tornado;

import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;

/**
 * How many work-items form a group.
 *
 * @param reduction where a group adds up
 * @param elements where work-items do not know of each other
 */
record GroupSizes(int reduction, int elements) {
    /** What suits a device: barriers are dear on processors, and dearest in the simulator. */
    static GroupSizes of(TornadoDevice device, boolean simulated) {
        if (simulated) {
            return new GroupSizes(1, 1);
        }
        return device.getDeviceType() == TornadoDeviceType.CPU ? new GroupSizes(4, 16) : new GroupSizes(64, 64);
    }
}
