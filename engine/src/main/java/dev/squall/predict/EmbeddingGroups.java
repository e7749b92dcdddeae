package dev.squall.predict;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Places of a store by their embedding: those with the very same one, which is a token's, are a group, so that a search
 * looks at each embedding once, and at none where the group of the one that is looked for has enough places. One thread.
 */
final class EmbeddingGroups {
    private final int words;
    private final Map<Long, Group> groupOf = new HashMap<>();
    private final List<Group> groups = new ArrayList<>();
    private final List<@Nullable Group> groupOfPlace = new ArrayList<>();

    /** The places of one embedding, the oldest first. */
    private final class Group {
        private final long hash;
        private final float[] unit;
        private int index;
        private int[] places = new int[4];
        /** Of each place as many longs. */
        private long[] used = new long[4 * words];

        private int count;

        Group(long hash, float[] unit, int index) {
            this.hash = hash;
            this.unit = unit;
            this.index = index;
        }

        void add(int place, long[] usedExperts) {
            if (count == places.length) {
                places = Arrays.copyOf(places, 2 * count);
                used = Arrays.copyOf(used, 2 * count * words);
            }
            System.arraycopy(usedExperts, 0, used, count * words, words);
            places[count++] = place;
        }

        /** Removes a place that is there. What gives way in a full store is old, so that the search is short. */
        void remove(int place) {
            int at = 0;
            while (places[at] != place) {
                at++;
            }
            System.arraycopy(places, at + 1, places, at, --count - at);
            System.arraycopy(used, (at + 1) * words, used, at * words, (count - at) * words);
        }
    }

    /** @param words longs that tell which experts a map uses */
    EmbeddingGroups(int words) {
        this.words = words;
    }

    /**
     * Takes in a place, or changes its embedding.
     *
     * @param used of {@link UsedExperts}
     */
    void put(int place, float[] unit, long[] used) {
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
        group.add(place, used);
        groupOfPlace.set(place, group);
    }

    private void remove(Group group, int place) {
        group.remove(place);
        if (group.count == 0) {
            groupOf.remove(group.hash);
            Group last = groups.removeLast();
            if (last != group) {
                groups.set(group.index, last);
                last.index = group.index;
            }
        }
    }

    /** Whether there is a place of this very embedding. */
    boolean has(float[] unit) {
        return groupOf.containsKey(hash(unit));
    }

    /** Offers the oldest k places of this very embedding. */
    void oldest(float[] unit, int k, RankedPlaces found) {
        Group same = groupOf.get(hash(unit));
        for (int i = 0; same != null && i < same.count && found.count() < k; i++) {
            found.offer(same.places[i], 1);
        }
    }

    /**
     * Offers places of this very embedding by the number of experts that their maps' first layers have in common with
     * others.
     *
     * @param used of these layers
     * @param considered so many of the newest are looked at
     */
    void alike(float[] unit, long[] used, int considered, RankedPlaces found) {
        Group same = groupOf.get(hash(unit));
        if (same == null) {
            return;
        }
        for (int i = same.count - 1; i >= Math.max(0, same.count - considered); i--) {
            int inCommon = UsedExperts.inCommon(used, same.used, i * words);
            if (inCommon > found.least()) {
                found.offer(same.places[i], inCommon);
            }
        }
    }

    /** Offers the places whose embedding is most like this one, newer ones first where it is the same, until k are taken. */
    void nearest(float[] unit, int k, RankedPlaces found) {
        Group same = groupOf.get(hash(unit));
        if (same != null && same.count >= k) {
            offer(same, 1, k, found);
            return;
        }
        // Each has a place at least, so that the best k are enough.
        RankedPlaces best = new RankedPlaces(Math.min(k, groups.size()));
        for (int i = 0; i < groups.size(); i++) {
            float score = MapVectors.product(groups.get(i).unit, unit);
            if (score > best.least()) {
                best.offer(i, score);
            }
        }
        for (int i = 0; i < best.count() && found.count() < k; i++) {
            offer(groups.get(best.place(i)), best.score(i), k, found);
        }
    }

    private void offer(Group group, float score, int k, RankedPlaces found) {
        for (int i = group.count - 1; i >= 0 && found.count() < k; i--) {
            found.offer(group.places[i], score);
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
