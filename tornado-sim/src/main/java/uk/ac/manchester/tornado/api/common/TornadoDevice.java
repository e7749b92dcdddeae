package uk.ac.manchester.tornado.api.common;

import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** A device that kernels run on. */
public interface TornadoDevice {
    String getDeviceName();

    String getDescription();

    String getPlatformName();

    TornadoDeviceType getDeviceType();

    TornadoVMBackendType getTornadoVMBackend();

    /** The largest buffer, in bytes. */
    long getMaxAllocMemory();

    /** All memory, in bytes. */
    long getMaxGlobalMemory();

    long[] getDeviceMaxWorkgroupDimensions();
}
