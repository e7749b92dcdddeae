package uk.ac.manchester.tornado.api.runtime;

import dev.squall.tornado.sim.SimulatedRuntime;
import uk.ac.manchester.tornado.api.TornadoRuntime;

/** Gives the runtime. */
public class TornadoRuntimeProvider {
    private TornadoRuntimeProvider() {}

    public static TornadoRuntime getTornadoRuntime() {
        return SimulatedRuntime.INSTANCE;
    }
}
