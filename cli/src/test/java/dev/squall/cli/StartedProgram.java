package dev.squall.cli;

import dev.squall.cli.process.VectorModule;
import java.nio.charset.StandardCharsets;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/** What the launcher starts in its tests: says which Java runs it, that the Vector API works, and its arguments. */
final class StartedProgram {
    private StartedProgram() {}

    public static void main(String... arguments) {
        VectorModule.load();
        StringBuilder said = new StringBuilder("java=").append(Runtime.version().feature());
        said.append(" vector=").append(Lanes.sum()).append('\n');
        for (String argument : arguments) {
            said.append('[').append(argument).append("]\n");
        }
        System.out.writeBytes(said.toString().getBytes(StandardCharsets.UTF_8));
        @Nullable String exitCode = System.getenv("EXIT_CODE");
        System.exit(exitCode == null ? 0 : Integer.parseInt(exitCode));
    }

    /** A class of its own, so that it is linked after the module is loaded. */
    private static final class Lanes {
        static int sum() {
            float[] ones = {1, 1, 1, 1};
            return (int) FloatVector.fromArray(FloatVector.SPECIES_128, ones, 0)
                    .reduceLanes(jdk.incubator.vector.VectorOperators.ADD);
        }
    }
}
