package dev.squall.cli.process;

import java.nio.file.Path;

/** Where Squall keeps its own files. HOME wins over the account's home directory, as with every other tool. */
public final class Home {
    private Home() {}

    /** The user's home directory. */
    static Path user(Environment environment) {
        String home = environment.get("HOME");
        return Path.of(home == null ? System.getProperty("user.home") : home);
    }

    /** {@code ~/.squall}: what the user would miss, such as the history and downloaded models. */
    public static Path squall(Environment environment) {
        return user(environment).resolve(".squall");
    }

    /** {@code $XDG_CACHE_HOME/squall} or {@code ~/.cache/squall}: what can be made again. */
    public static Path cache(Environment environment) {
        String cache = environment.get("XDG_CACHE_HOME");
        return (cache == null ? user(environment).resolve(".cache") : Path.of(cache)).resolve("squall");
    }

    /** A path as typed, with a leading {@code ~} for the home directory. */
    public static Path expand(String path, Environment environment) {
        return path.equals("~") || path.startsWith("~/")
                ? user(environment).resolve(path.substring(Math.min(2, path.length())))
                : Path.of(path);
    }
}
