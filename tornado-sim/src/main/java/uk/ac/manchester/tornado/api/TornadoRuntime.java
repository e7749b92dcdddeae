package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** The drivers that there are. */
public interface TornadoRuntime {
    TornadoBackend getBackend(int index);

    int getNumBackends();

    TornadoDevice getDefaultDevice();
}
