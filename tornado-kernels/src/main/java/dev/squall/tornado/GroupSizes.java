package dev.squall.tornado;

import dev.squall.compute.JvmBackend;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;

/**
 * How many work-items form a group.
 *
 * @param reduction where a group adds up
 * @param product at most, where it multiplies with a matrix
 * @param elements where work-items do not know of each other
 * @param lanes how many sums a sum is taken in: those of the processor's vectors
 */
record GroupSizes(int reduction, int product, int elements, int lanes) {
    /** What suits a device: barriers are dear on processors, and dearest in the simulator. */
    static GroupSizes of(TornadoDevice device, boolean simulated) {
        int lanes = JvmBackend.lanes();
        if (simulated) {
            return new GroupSizes(1, 1, 1, lanes);
        }
        return device.getDeviceType() == TornadoDeviceType.CPU
                ? new GroupSizes(4, 1, 16, lanes)
                : new GroupSizes(64, 64, 64, lanes);
    }

    /** The work-items of a group that makes elements of a product, as many as divide the rows. */
    int ofProduct(int rows, int lanesOfProduct) {
        int items = Math.min(product, lanesOfProduct);
        int elements = product / items;
        while (rows % elements != 0) {
            elements--;
        }
        return elements * items;
    }
}
