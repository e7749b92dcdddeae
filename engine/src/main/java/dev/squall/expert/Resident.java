package dev.squall.expert;

/**
 * An expert in a slot, as an eviction rule sees it. Layers are counted without dense ones. A visit is one layer in one
 * pass; visits are numbered in the order in which they happen, so layer {@code l} of L comes at visits
 * {@code l, l + L, ...}.
 */
public interface Resident {
    int layer();

    int expert();

    /** The visit that last leased it; the one it was loaded for or at, if it has not been leased since. */
    long lastUseVisit();

    /** Rises with every load. */
    long loadOrder();

    /** How often it has been leased since the cache was made, loaded or not. */
    long useCount();

    /** When its layer comes again. */
    long nextVisit();

    /** Visits until then, at least 1. */
    long visitsAhead();

    /** Visits from one of its layer to the next, L. */
    int visitsBetween();

    /** What the policy last said of it, if only of a visit that has passed: the probability of its use; 0 for nothing. */
    double lastProbability();

    /** The probability that its layer's next visit uses it, as the policy said of that visit; else {@link #useRate}. */
    double nextUseProbability();

    /** What the policy last said of it: the share of its layer's visits that use it in the long run. */
    double useRate();

    /** How many slots hold experts of its layer. */
    int residentsOfLayer();
}
