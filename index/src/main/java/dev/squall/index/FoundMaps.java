package dev.squall.index;

import dev.squall.predict.MapMatches;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The best of the maps that a search has met. A map that it meets twice counts once. */
final class FoundMaps implements MapMatches {
    private static final Comparator<Found> BEST_FIRST =
            Comparator.comparingDouble((Found map) -> -map.score()).thenComparing(Found::id);

    private final MapShape shape;
    private final int wanted;
    private final List<Found> found = new ArrayList<>();
    private final Set<Long> ids = new HashSet<>();

    /**
     * One of them.
     *
     * @param probabilities L x J halves
     * @param continuation what followed it; empty if that is not known
     */
    record Found(long id, float score, byte[] probabilities, byte[] continuation, MapOrigin origin) {}

    FoundMaps(MapShape shape, int wanted) {
        this.shape = shape;
        this.wanted = wanted;
    }

    /** Whether a map of that score would be among the best. */
    boolean wants(float score) {
        return found.size() < wanted || score > found.getLast().score();
    }

    /** Whether a map is there already. */
    boolean has(long id) {
        return ids.contains(id);
    }

    void add(Found map) {
        ids.add(map.id());
        int at = Collections.binarySearch(found, map, BEST_FIRST);
        found.add(at < 0 ? -at - 1 : at, map);
        if (found.size() > wanted) {
            ids.remove(found.removeLast().id());
        }
    }

    @Override
    public int count() {
        return found.size();
    }

    @Override
    public float score(int i) {
        return found.get(i).score();
    }

    @Override
    public void probabilities(int i, int layer, float[] out, int outOffset) {
        HalfFloats.decode(
                found.get(i).probabilities(), 0, layer * shape.expertCount(), shape.expertCount(), out, outOffset);
    }

    @Override
    public byte[] continuation(int i) {
        return found.get(i).continuation();
    }

    @Override
    public MapOrigin origin(int i) {
        return found.get(i).origin();
    }

    /** The number of match {@code i}. */
    long id(int i) {
        return found.get(i).id();
    }
}
