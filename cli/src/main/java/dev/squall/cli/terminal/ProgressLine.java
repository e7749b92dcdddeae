package dev.squall.cli.terminal;

import dev.squall.cli.process.Streams;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarRenderer;
import me.tongfei.progressbar.ProgressState;
import org.jspecify.annotations.Nullable;

/** The line that tells how far a long command has come: a bar with count, rate, what else is known, and time left. */
public final class ProgressLine implements ProgressBarRenderer {
    private static final int UPDATE_MILLIS = 500;
    private static final int BAR_MAX = 40;

    /** The narrowest bar that says anything; what does not fit beside it is cut off at its end. */
    private static final int BAR_MIN = 6;

    private final String unit;

    private ProgressLine(String unit) {
        this.unit = unit;
    }

    /**
     * Begins a line on standard error; null if nobody looks at it or nothing is to do.
     *
     * @param before how much was done earlier
     */
    public static @Nullable ProgressBar start(Streams streams, long all, long before) {
        return start(streams, all, before, "");
    }

    /** The same of something that has a unit. */
    public static @Nullable ProgressBar start(Streams streams, long all, long before, String unit) {
        return streams.errTerminal() && all > before
                ? new ProgressBarBuilder()
                        .setInitialMax(all)
                        .startsFrom(before, Duration.ZERO)
                        .setUpdateIntervalMillis(UPDATE_MILLIS)
                        .setRenderer(new ProgressLine(unit))
                        // Asked for the width itself, the library takes Ctrl-C away from Java.
                        .setConsumer(new ConsoleProgressBarConsumer(streams.err(), TerminalWidth.ofErrorTerminal() - 1))
                        .build()
                : null;
    }

    /** Tells a line, if there is one, how much is done. */
    public static void step(@Nullable ProgressBar bar, long done) {
        if (bar != null) {
            bar.stepTo(done);
        }
    }

    @Override
    public String render(ProgressState state, int width) {
        String line = text(
                state.getCurrent(),
                state.getMax(),
                state.getCurrent() - state.getStart(),
                state.getElapsedAfterStart(),
                unit,
                state.getExtraMessage(),
                width);
        // It is written over the line before, which may have been longer.
        return line + " ".repeat(Math.max(0, width - line.length()));
    }

    /**
     * The line.
     *
     * @param now how much of {@code done} was done in {@code elapsed}
     * @param unit of both; may be empty
     * @param extra what else is known; may be empty
     * @param width its characters at most
     */
    static String text(long done, long all, long now, Duration elapsed, String unit, String extra, int width) {
        double seconds = elapsed.toNanos() / 1e9;
        String of = unit.isEmpty() ? "" : " " + unit;
        StringBuilder numbers = new StringBuilder();
        if (now > 0 && seconds > 0) {
            double rate = now / seconds;
            numbers.append(String.format(Locale.ROOT, rate < 100 ? " %.1f%s/s" : " %.0f%s/s", rate, of));
        }
        if (!extra.isEmpty()) {
            numbers.append(numbers.isEmpty() ? " " : ", ").append(extra);
        }
        if (now > 0 && done < all) {
            numbers.append(", ").append(clock((all - done) * seconds / now)).append(" left");
        }
        String count = String.format(Locale.ROOT, "%" + Long.toString(all).length() + "d/%d%s", done, all, of);
        int room = Math.min(BAR_MAX, width - count.length() - numbers.length() - 3);
        String line = room < BAR_MIN ? count + numbers : count + " [" + bar(done, all, room) + "]" + numbers;
        return line.length() <= width ? line : line.substring(0, Math.max(0, width));
    }

    private static String bar(long done, long all, int length) {
        int filled = all == 0 ? length : (int) (length * Math.min(done, all) / all);
        return "=".repeat(filled) + " ".repeat(length - filled);
    }

    /** A length of time as 0:08, 12:34 or 3:00:00. */
    private static String clock(double seconds) {
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }
}
