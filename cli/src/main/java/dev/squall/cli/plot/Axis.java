package dev.squall.cli.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A scale whose ticks are round numbers: multiples of 1, 2 or 5 times a power of ten. So are its ends, or they are those of
 * the values.
 *
 * @param least where it begins, at the first tick or before
 * @param most where it ends, at the last tick or after
 * @param first the first tick
 * @param step between two ticks, above 0
 * @param ticks how many there are
 */
record Axis(double least, double most, double first, double step, int ticks) {
    private static final int STEPS_MAX = 8;

    /** Numbers that need more of them have a power of ten instead, or they would not fit beside a plot. */
    private static final int DIGITS_MAX = 5;

    /** The scale that holds these values; from 0 on where that is not far off. NaN counts as no value. */
    static Axis of(double[]... values) {
        double[] range = range(values);
        return range[0] > range[1] ? new Axis(0, 1, 0, 1, 2) : between(range[0], range[1]);
    }

    /** The same scale, which ends where the values do. */
    static Axis endingWith(double[]... values) {
        Axis round = of(values);
        double most = range(values)[1];
        if (most <= round.least) {
            return round;
        }
        int ticks = (int) Math.floor((most - round.first) / round.step + 1e-9) + 1;
        return new Axis(round.least, most, round.first, round.step, ticks);
    }

    /** From where to where; from 0 on where that is not far off; the second below the first where there is no value. */
    private static double[] range(double[]... values) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (double[] some : values) {
            for (double value : some) {
                if (!Double.isNaN(value)) {
                    least = Math.min(least, value);
                    most = Math.max(most, value);
                }
            }
        }
        return new double[] {least > 0 && least < most / 2 ? 0 : least, most};
    }

    private static Axis between(double least, double most) {
        double span = most > least ? most - least : Math.max(Math.abs(most), 1) / 2;
        double power = Math.pow(10, Math.floor(Math.log10(span / STEPS_MAX)));
        double step = power;
        for (double factor : new double[] {1, 2, 5, 10}) {
            step = factor * power;
            if (span / step <= STEPS_MAX) {
                break;
            }
        }
        double first = Math.floor(least / step + 1e-9);
        double last = Math.max(first + 1, Math.ceil(most / step - 1e-9));
        return new Axis(first * step, last * step, first * step, step, (int) (last - first) + 1);
    }

    double tick(int i) {
        return first + i * step;
    }

    /** Where a value is, 0 at one end and 1 at the other. */
    double share(double value) {
        return (value - least) / (most - least);
    }

    /** The ticks as they are written: with as many digits as tell them apart. */
    List<String> labels() {
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < ticks; i++) {
            labels.add(text(tick(i), step));
        }
        return labels;
    }

    /** A number with as many digits as a change of {@code precision} needs. */
    static String text(double value, double precision) {
        int digits = Math.max(0, (int) Math.ceil(-Math.log10(precision) - 1e-9));
        if (digits > DIGITS_MAX) {
            String power = String.format(Locale.ROOT, "%.1e", value);
            return value == 0 ? "0" : power.replace(".0e", "e").replace("e-0", "e-");
        }
        String text = String.format(Locale.ROOT, "%,." + digits + "f", value);
        return text.startsWith("-0") && Double.parseDouble(text) == 0 ? text.substring(1) : text;
    }

    /** A number with three digits. */
    static String text(double value) {
        double size = Math.abs(value);
        return size == 0 ? "0" : text(value, Math.pow(10, Math.floor(Math.log10(size)) - 2));
    }
}
