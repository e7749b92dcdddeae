package dev.squall.cli.loading;

import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.VectorModule;
import dev.squall.compute.BackendFactory;
import dev.squall.compute.JvmBackend;
import java.util.Locale;

/** The JVM backend's two sets of kernels. */
public enum Kernels {
    VECTOR,
    SCALAR;

    BackendFactory backend() {
        return switch (this) {
            case VECTOR -> {
                if (!VectorModule.isLoaded()) {
                    throw new CommandFailure("--kernels vector: the module " + VectorModule.NAME
                            + " is not loaded: start with ./squall, or use --kernels scalar");
                }
                yield JvmBackend.vector();
            }
            case SCALAR -> JvmBackend.scalar();
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
