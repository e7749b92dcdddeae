package dev.squall.cli.terminal;

import dev.squall.cli.process.Environment;
import java.util.Locale;

/** When to write colours. */
public enum ColorChoice {
    AUTO,
    ON,
    OFF;

    /** {@code auto} follows the terminal, the NO_COLOR convention and TERM=dumb; the two others command. */
    public Palette palette(boolean terminal, Environment environment) {
        return new Palette(
                switch (this) {
                    case ON -> true;
                    case OFF -> false;
                    case AUTO ->
                        terminal && environment.get("NO_COLOR") == null && !"dumb".equals(environment.get("TERM"));
                });
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
