package dev.squall.cli;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The environment variables; an empty one counts as unset. */
record Environment(Map<String, String> variables) {
    static Environment ofProcess() {
        return new Environment(System.getenv());
    }

    @Nullable
    String get(String name) {
        String value = variables.get(name);
        return value == null || value.isEmpty() ? null : value;
    }
}
