package dev.squall.cli.process;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The environment variables; an empty one counts as unset. */
public record Environment(Map<String, String> variables) {
    public static Environment ofProcess() {
        return new Environment(System.getenv());
    }

    @Nullable
    public String get(String name) {
        String value = variables.get(name);
        return value == null || value.isEmpty() ? null : value;
    }
}
