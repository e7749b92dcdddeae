package dev.squall.index;

import dev.squall.predict.ExpertMap;
import java.util.ArrayList;
import java.util.List;

/** Maps that are offered and wait for each other, to be indexed together. Not for several threads at once. */
final class OfferedMaps {
    private final int most;
    private List<ExpertMap> waiting = new ArrayList<>();
    private boolean isLately;

    /** @param most maps that wait */
    OfferedMaps(int most) {
        this.most = most;
    }

    /** Lets a map wait; false if there is no room for it. */
    boolean add(ExpertMap map) {
        isLately = true;
        return waiting.size() < most && waiting.add(map);
    }

    boolean isFull() {
        return waiting.size() == most;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** Whether no map has come since this was asked last. */
    boolean isQuiet() {
        boolean isQuiet = !isLately;
        isLately = false;
        return isQuiet;
    }

    /** All that wait, which no longer do. */
    List<ExpertMap> take() {
        List<ExpertMap> taken = waiting;
        waiting = new ArrayList<>();
        return taken;
    }
}
