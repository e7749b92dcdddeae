package dev.squall.model;

import java.util.Random;

/** The numbers of a tensor, one after the other. */
@FunctionalInterface
interface TinyNumbers {
    float next(Random random);

    /** Numbers of which a row of so many gives products about {@code gain} times as large as its input. */
    static TinyNumbers matrix(int columns, double gain) {
        return uniform(gain * Math.sqrt(3.0 / columns));
    }

    /** Rows of very different lengths, so that the likeliest token stands out. */
    static TinyNumbers unevenRows(int columns) {
        return new TinyNumbers() {
            private int index;
            private float length;

            @Override
            public float next(Random random) {
                if (index++ % columns == 0) {
                    float uniform = random.nextFloat();
                    length = 0.5f + 11 * uniform * uniform * uniform;
                }
                return length * (float) Math.sqrt(3.0 / columns) * (2 * random.nextFloat() - 1);
            }
        };
    }

    static TinyNumbers uniform(double most) {
        return random -> (float) most * (2 * random.nextFloat() - 1);
    }

    static TinyNumbers norm() {
        return random -> 0.7f + 0.6f * random.nextFloat();
    }
}
