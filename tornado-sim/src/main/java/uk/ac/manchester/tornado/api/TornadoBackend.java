package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** A driver and its devices. */
public interface TornadoBackend {
    TornadoDevice getDefaultDevice();

    int getNumDevices();

    TornadoDevice getDevice(int index);
}
