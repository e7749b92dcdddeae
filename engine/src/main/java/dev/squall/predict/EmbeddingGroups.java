package dev.squall.predict;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/**
 * Places of a store by their embedding: those with the very same one, which is a token's, are a group, so that a search
 * looks at each embedding once, and at none where the group of the one that is looked for has enough places. One thread.
 */
final class EmbeddingGroups {
    private final Map<Long, Group> groupOf = new HashMap<>();
    private final List<Group> groups = new ArrayList<>();
    private final List<@Nullable Group> groupOfPlace = new ArrayList<>();

    /** The places of one embedding, the oldest first. */
    private static final class Group {
        private final long hash;
        private final float[] unit;
        private final SequencedSet<Integer> places = new LinkedHashSet<>();
        private int index;

        Group(long hash, float[] unit, int index) {
            this.hash = hash;
            this.unit = unit;
            this.index = index;
        }
    }

    /** Takes in a place, or changes its embedding. */
    void put(int place, float[] unit) {
        while (groupOfPlace.size() <= place) {
            groupOfPlace.add(null);
        }
        Group old = groupOfPlace.get(place);
        if (old != null) {
            remove(old, place);
        }
        Group group = groupOf.computeIfAbsent(hash(unit), hash -> {
            Group added = new Group(hash, unit, groups.size());
            groups.add(added);
            return added;
        });
        group.places.add(place);
        groupOfPlace.set(place, group);
    }

    private void remove(Group group, int place) {
        group.places.remove(place);
        if (group.places.isEmpty()) {
            groupOf.remove(group.hash);
            Group last = groups.removeLast();
            if (last != group) {
                groups.set(group.index, last);
                last.index = group.index;
            }
        }
    }

    /** The places of this very embedding, the oldest first; null if there is none. Not to be changed. */
    @Nullable
    SequencedSet<Integer> same(float[] unit) {
        Group group = groupOf.get(hash(unit));
        return group == null ? null : group.places;
    }

    /** Offers the newest k places of this very embedding. */
    void newest(float[] unit, int k, RankedPlaces found) {
        Group same = groupOf.get(hash(unit));
        if (same != null) {
            offer(same, 1, k, found);
        }
    }

    /** Offers the places whose embedding is most like this one, newer ones first where it is the same, until k are taken. */
    void nearest(float[] unit, int k, RankedPlaces found) {
        Group same = groupOf.get(hash(unit));
        if (same != null && same.places.size() >= k) {
            offer(same, 1, k, found);
            return;
        }
        float[] scores = new float[groups.size()];
        Integer[] order = new Integer[scores.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = MapVectors.product(groups.get(i).unit, unit);
            order[i] = i;
        }
        Arrays.sort(order, (a, b) -> Float.compare(scores[b], scores[a]));
        for (int i = 0; i < order.length && found.count() < k; i++) {
            offer(groups.get(order[i]), scores[order[i]], k, found);
        }
    }

    private static void offer(Group group, float score, int k, RankedPlaces found) {
        for (int place : group.places.reversed()) {
            if (found.count() == k) {
                return;
            }
            found.offer(place, score);
        }
    }

    private static long hash(float[] vector) {
        long hash = 1;
        for (float number : vector) {
            hash = (hash ^ Float.floatToRawIntBits(number)) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 32;
        }
        return hash;
    }
}
