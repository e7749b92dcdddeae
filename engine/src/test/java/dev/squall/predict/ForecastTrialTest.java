package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.expert.CacheCounters;
import org.junit.jupiter.api.Test;

class ForecastTrialTest {
    private static final MapShape SHAPE = new MapShape(4, 4, 1, 8);
    private static final boolean DEAR = true;
    private static final boolean CHEAP = false;

    private final ForecastTrial trial = new ForecastTrial();
    private long nanos;
    private long position;

    /** One pass; whether it was forecast. */
    private boolean pass(boolean isDear, Phase phase, int rows, long conversation) {
        PassObservation pass = new PassObservation(SHAPE);
        pass.set(4 * position++, phase, rows, CacheCounters.ZERO, (row, distance, out, outOffset) -> false);
        pass.setStartNanos(nanos);
        pass.conversations()[0] = conversation;
        return trial.onPass(pass, isDear);
    }

    /** How many of some passes were forecast, a pass taking so long with forecasts and without. */
    private int forecast(int passes, long nanosWith, long nanosWithout) {
        int forecast = 0;
        for (int i = 0; i < passes; i++) {
            boolean isForecast = pass(DEAR, Phase.DECODE, 1, 1);
            forecast += isForecast ? 1 : 0;
            nanos += isForecast ? nanosWith : nanosWithout;
        }
        return forecast;
    }

    @Test
    void goesOnWithForecastsWhereTheyMakePassesFaster() {
        forecast(1000, 8000, 9000);
        assertThat(forecast(1000, 8000, 9000)).isBetween(900, 999);
    }

    @Test
    void leavesForecastsOutWhereTheyMakePassesSlower() {
        forecast(1000, 9000, 8000);
        assertThat(forecast(1000, 9000, 8000)).isBetween(1, 100);
    }

    @Test
    void turnsRoundWhenWhatPaysChanges() {
        forecast(3000, 9000, 8000);
        forecast(1000, 8000, 9000);
        assertThat(forecast(1000, 8000, 9000)).isGreaterThan(800);
    }

    @Test
    void alwaysForecastsWhereThatCostsLittle() {
        for (int i = 0; i < 500; i++) {
            assertThat(pass(CHEAP, Phase.DECODE, 1, 1)).isTrue();
            nanos += 8000;
        }
    }

    @Test
    void doesNotCountTheTimeBetweenAnswers() {
        for (int answer = 0; answer < 400; answer++) {
            pass(DEAR, Phase.PREFILL, 3, answer);
            nanos += 20_000;
            for (int i = 0; i < 5; i++) {
                nanos += pass(DEAR, Phase.DECODE, 1, answer) ? 8000 : 9000;
            }
            // Somebody reads, and longer where there were forecasts, which says nothing of them.
            nanos += pass(DEAR, Phase.DECODE, 1, answer) ? 10_000_000 : 0;
        }
        assertThat(forecast(500, 8000, 9000)).isGreaterThan(400);
    }
}
