package dev.squall.predict;

import java.util.Arrays;

/**
 * Whether forecasts pay where they take a noticeable part of the machine, found by trying: stretches of passes with them and
 * without are timed, stalls included, and the better way is gone on with. The other one is tried again, more and more seldom
 * as long as it stays the worse one. What a forecast costs and what it saves both depend on too much to be told otherwise:
 * spare processors, shared caches, a link that takes the processor or does not. One thread.
 */
final class ForecastTrial {
    /** Passes of a stretch, beside a first one that is not timed, since it meets what the other way has left. */
    private static final int STRETCH = 16;

    /** Most stretches of the better way between two of the other: that is one at first, and twice as many after each. */
    private static final int PAUSE_MAX = 16;

    /** The same where the other way is much worse. */
    private static final int PAUSE_MAX_OF_WORSE = 32;

    private static final double MUCH_WORSE = 1.1;

    /** Gain from which forecasts are worth the power that they take; less cannot be told from noise. */
    private static final double GAIN_MIN = 1.03;

    /** Weight of the newest trial in the mean of them. */
    private static final double NEWEST = 0.3;

    private static final double UNKNOWN = 0;

    /** How much longer passes take without forecasts. */
    private double gain = UNKNOWN;

    private boolean isChosenWith = true;
    private boolean isWith = true;
    private int pause = 1;
    private int stretches;
    private double nanosBefore = UNKNOWN;
    private double nanosOfTrial = UNKNOWN;

    /** Decode passes follow each other in a conversation: only then is the time between their beginnings a pass's own. */
    private boolean isFollowing;

    private long conversation;
    private long startNanos;
    private int rows;

    private boolean isFirst = true;
    private int timed;
    private final long[] nanos = new long[STRETCH];

    /**
     * Whether to forecast the pass that begins.
     *
     * @param isDear whether forecasts take a noticeable part of a layer's time; others are made in any case
     */
    boolean onPass(PassObservation pass, boolean isDear) {
        // Without forecasts their cost is not measured.
        if (isWith && !isDear) {
            isFollowing = false;
            beginStretch();
            return true;
        }
        boolean isDecode = pass.phase() == Phase.DECODE;
        if (isDecode && pass.rowCount() != rows) {
            rows = pass.rowCount();
            beginStretch();
        }
        if (isDecode && isFollowing && pass.conversations()[0] == conversation) {
            add(pass.startNanos() - startNanos);
        }
        isFollowing = isDecode;
        conversation = pass.conversations()[0];
        startNanos = pass.startNanos();
        return isWith;
    }

    private void beginStretch() {
        isFirst = true;
        timed = 0;
    }

    private void add(long nanosOfPass) {
        if (isFirst) {
            isFirst = false;
            return;
        }
        nanos[timed++] = nanosOfPass;
        if (timed == STRETCH) {
            Arrays.sort(nanos);
            choose((nanos[(STRETCH - 1) / 2] + nanos[STRETCH / 2]) / 2.0);
            beginStretch();
        }
    }

    /**
     * A stretch has ended. One of the other way is compared with those before and after it, so that what changes in the
     * meantime, such as a JVM that warms up, weighs on neither.
     *
     * @param nanosOfPass its median, since a few passes meet a collector, a compiler or another program
     */
    private void choose(double nanosOfPass) {
        stretches++;
        if (isWith != isChosenWith) {
            nanosOfTrial = nanosOfPass;
            isWith = isChosenWith;
            stretches = 0;
            return;
        }
        if (nanosOfTrial != UNKNOWN) {
            double other = nanosOfTrial / ((nanosBefore + nanosOfPass) / 2);
            note(isChosenWith ? other : 1 / other);
            nanosOfTrial = UNKNOWN;
        }
        nanosBefore = nanosOfPass;
        if (stretches >= pause) {
            isWith = !isChosenWith;
        }
    }

    /** @param withoutToWith time of a pass without forecasts by that of one with them */
    private void note(double withoutToWith) {
        gain = gain == UNKNOWN ? withoutToWith : gain + NEWEST * (withoutToWith - gain);
        if (gain >= GAIN_MIN == isChosenWith) {
            boolean isMuchWorse = Math.max(gain, 1 / gain) > MUCH_WORSE;
            pause = Math.min(2 * pause, isMuchWorse ? PAUSE_MAX_OF_WORSE : PAUSE_MAX);
        } else {
            isChosenWith = !isChosenWith;
            isWith = isChosenWith;
            pause = 1;
            // What has just ended was the other way: nothing to compare with.
            stretches = -1;
        }
    }
}
