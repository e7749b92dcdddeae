package dev.squall.predict;

/** The k places with the highest scores of those offered, best first; of equals those offered first. */
final class RankedPlaces {
    private final int[] places;
    private final float[] scores;
    private int count;

    RankedPlaces(int k) {
        places = new int[k];
        scores = new float[k];
    }

    /** k. */
    int room() {
        return places.length;
    }

    int count() {
        return count;
    }

    int place(int i) {
        return places[i];
    }

    float score(int i) {
        return scores[i];
    }

    /** The score that a place must exceed to be taken. */
    float least() {
        if (count < places.length) {
            return Float.NEGATIVE_INFINITY;
        }
        return places.length == 0 ? Float.POSITIVE_INFINITY : scores[count - 1];
    }

    /** Takes a place in whose score exceeds {@link #least}. */
    void offer(int place, float score) {
        int at = count < places.length ? count++ : count - 1;
        while (at > 0 && score > scores[at - 1]) {
            places[at] = places[at - 1];
            scores[at] = scores[at - 1];
            at--;
        }
        places[at] = place;
        scores[at] = score;
    }
}
