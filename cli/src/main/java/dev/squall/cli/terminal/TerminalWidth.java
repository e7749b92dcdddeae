package dev.squall.cli.terminal;

import dev.squall.cli.process.Environment;
import dev.squall.cli.process.Streams;
import java.io.IOException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** How many characters a line of output may have. */
public final class TerminalWidth {
    /** Where nobody looks, or no terminal says how wide it is. */
    public static final int DEFAULT = 80;

    private static final int LEAST = 20;

    private TerminalWidth() {}

    /** The variable COLUMNS if it is set, else what the terminal says, else {@value #DEFAULT}. */
    public static int of(Streams streams, Environment environment) {
        String columns = environment.get("COLUMNS");
        if (columns != null && columns.matches("[1-9]\\d{0,3}")) {
            return Math.max(LEAST, Integer.parseInt(columns));
        }
        return streams.outTerminal() ? ofTerminal(TerminalBuilder.SystemOutput.SysOut) : DEFAULT;
    }

    /** The same of the terminal that standard error goes to. */
    public static int ofErrorTerminal() {
        return ofTerminal(TerminalBuilder.SystemOutput.SysErr);
    }

    private static int ofTerminal(TerminalBuilder.SystemOutput output) {
        // Without native signals: JLine would give Ctrl-C back to the system, which ends Java without a word.
        try (Terminal terminal = TerminalBuilder.builder()
                .system(true)
                .systemOutput(output)
                .nativeSignals(false)
                .dumb(true)
                .build()) {
            return terminal.getWidth() > 0 ? Math.max(LEAST, terminal.getWidth()) : DEFAULT;
        } catch (IOException e) {
            return DEFAULT; // no terminal that can be asked
        }
    }
}
