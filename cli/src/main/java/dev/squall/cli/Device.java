package dev.squall.cli;

import dev.squall.compute.BackendFactory;
import dev.squall.tornado.TornadoBackend;
import java.util.Locale;

/** Where a model is computed. */
enum Device {
    /** The processor, until devices are found by themselves. */
    AUTO,
    CPU,
    /** TornadoVM's simulator: what runs on a device, on the JVM. */
    SIM,
    TORNADO;

    /**
     * Checks that the device is there.
     *
     * @throws IllegalArgumentException if not; the message says what to do
     */
    void validate() {
        switch (this) {
            case AUTO, CPU -> {}
            case SIM -> {
                if (TornadoBackend.isTornadoVm()) {
                    throw new IllegalArgumentException(
                            "--device sim: TornadoVM itself is on the module path, expected only"
                                    + " its simulator: start without TornadoVM's argument file, or use --device tornado");
                }
            }
            case TORNADO -> {
                if (!TornadoBackend.isTornadoVm()) {
                    throw new IllegalArgumentException(
                            "--device tornado: no TornadoVM found: run ./setup-tornado.sh, or set TORNADOVM_HOME"
                                    + " to an SDK of TornadoVM 5.2 for JDK 25, and start with ./squall; or use --device cpu");
                }
            }
        }
    }

    BackendFactory backend(Kernels kernels) {
        return switch (this) {
            case AUTO, CPU -> kernels.backend();
            case SIM, TORNADO -> TornadoBackend.factory(Long.MAX_VALUE);
        };
    }

    /** What computes, {@code auto} resolved. */
    Device chosen() {
        return this == AUTO ? CPU : this;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
