package dev.squall.index;

import java.util.Set;

/** Maps that are to go into an index, as a segment of it, some of which may stay behind. */
interface Incoming {
    /** Has maps stay behind, by the numbers that they would have. */
    void leave(Set<Long> ids);
}
