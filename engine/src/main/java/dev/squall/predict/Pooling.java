package dev.squall.predict;

import java.util.Locale;

/** What becomes of the observed rows of a prefill: how many expert maps, of what. */
public enum Pooling {
    /** One map, of the last row. */
    LAST,
    /** One map, the mean of the rows. */
    MEAN,
    /** A map of each observed row. */
    EACH;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
