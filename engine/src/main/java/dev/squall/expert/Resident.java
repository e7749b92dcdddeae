package dev.squall.expert;

/** An expert in a slot, as an eviction policy sees it. Ticks count leases of the cache. */
public interface Resident {
    int layer();

    int expert();

    /** When it was last leased; when it was loaded, if it has not been leased since. */
    long lastUseTick();

    /** When it was loaded. */
    long loadTick();

    /** How often it has been leased since the cache was made, loaded or not. */
    long useCount();
}
