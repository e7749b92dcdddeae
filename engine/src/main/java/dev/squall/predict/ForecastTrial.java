package dev.squall.predict;

import dev.squall.expert.CacheConditions;

/**
 * Whether forecasts pay where they take a noticeable part of the machine, found by trying: stretches of passes with them and
 * without are timed, stalls included, and the better way is gone on with. The other one is tried again, more and more seldom
 * as long as it stays the worse one. What a forecast costs and what it saves both depend on too much to be told otherwise:
 * spare processors, shared caches, a link that takes the processor or does not. One thread.
 */
final class ForecastTrial {
    /** Passes of a stretch, beside a first one that is not timed, since it meets what the other way has left. */
    private static final int STRETCH = 16;

    /** Forecasts below this share of a layer's time are made in any case. */
    private static final double NOTICEABLE = 0.02;

    /** Stretches of the better way between two of the other: at first, at most, and at most where the other is much worse. */
    private static final int PAUSE_MIN = 2;

    private static final int PAUSE_MAX = 16;
    private static final int PAUSE_MAX_OF_WORSE = 64;
    private static final double MUCH_WORSE = 1.1;

    /** Weight of the newest stretch in what is known of a way. */
    private static final double NEWEST = 0.5;

    private static final double UNKNOWN = 0;

    /** Nanoseconds of a pass with forecasts and without. */
    private double nanosWith = UNKNOWN;

    private double nanosWithout = UNKNOWN;
    private boolean isBetterWith = true;
    private boolean isWith = true;
    private int pause = PAUSE_MIN;
    private int stretchesSinceTrial;

    /** Decode passes follow each other in a conversation: only then is the time between their beginnings a pass's own. */
    private boolean isFollowing;

    private long conversation;
    private long startNanos;
    private int rows;

    private boolean isFirst = true;
    private int timed;
    private long nanos;

    /** Whether to forecast the pass that begins. */
    boolean onPass(PassObservation pass, CacheConditions now) {
        // Without forecasts their cost is not measured.
        if (isWith && !isNoticeable(pass, now)) {
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

    private static boolean isNoticeable(PassObservation pass, CacheConditions now) {
        double stalled = (double) pass.counters().stalledNanos() / Math.max(1, pass.firstVisit());
        return now.forecastNanos() > NOTICEABLE * (now.layerNanos() + stalled);
    }

    private void beginStretch() {
        isFirst = true;
        timed = 0;
        nanos = 0;
    }

    private void add(long nanosOfPass) {
        if (isFirst) {
            isFirst = false;
            return;
        }
        nanos += nanosOfPass;
        if (++timed == STRETCH) {
            choose((double) nanos / STRETCH);
            beginStretch();
        }
    }

    /** @param nanosOfPass the mean of the stretch that has ended */
    private void choose(double nanosOfPass) {
        if (isWith) {
            nanosWith = mean(nanosWith, nanosOfPass);
        } else {
            nanosWithout = mean(nanosWithout, nanosOfPass);
        }
        if (nanosWith == UNKNOWN || nanosWithout == UNKNOWN) {
            isWith = nanosWith == UNKNOWN;
            return;
        }
        boolean wasTrial = isWith != isBetterWith;
        boolean isNowBetterWith = nanosWith <= nanosWithout;
        stretchesSinceTrial++;
        if (isNowBetterWith != isBetterWith) {
            pause = PAUSE_MIN;
            stretchesSinceTrial = 0;
        } else if (wasTrial) {
            double worse = Math.max(nanosWith, nanosWithout) / Math.min(nanosWith, nanosWithout);
            pause = Math.min(2 * pause, worse > MUCH_WORSE ? PAUSE_MAX_OF_WORSE : PAUSE_MAX);
            stretchesSinceTrial = 0;
        }
        isBetterWith = isNowBetterWith;
        isWith = isBetterWith != (stretchesSinceTrial >= pause);
    }

    private static double mean(double mean, double newest) {
        return mean == UNKNOWN ? newest : mean + NEWEST * (newest - mean);
    }
}
