package dev.squall.cli.process;

/**
 * The module of the Vector API, loaded when Squall starts. Asking for it on the command line works as well, but makes
 * the JVM write a warning into every user's terminal and rules out its archive of the module graph. Loading it here is
 * what the JDK itself does for its agents: the very same module of the boot loader, with the same intrinsics.
 */
public final class VectorModule {
    public static final String NAME = "jdk.incubator.vector";

    private VectorModule() {}

    /**
     * Loads the module unless the command line did. To be called before any class that uses it is linked.
     *
     * @return whether it can be used; it cannot where this jar's manifest, which exports the package, was not read, or
     *     in a Java that loads modules in another way
     */
    public static boolean load() {
        if (ModuleLayer.boot().findModule(NAME).isPresent()) {
            return true;
        }
        try {
            Class.forName("jdk.internal.module.Modules")
                    .getMethod("loadModule", String.class)
                    .invoke(null, NAME);
            return true;
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }

    /** Whether the Vector API can be used. */
    public static boolean isLoaded() {
        return ClassLoader.getSystemClassLoader().getResource("jdk/incubator/vector/Vector.class") != null;
    }
}
