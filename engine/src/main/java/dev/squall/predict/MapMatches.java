package dev.squall.predict;

/** The maps that a search found, best first; holds until the store's next search by the same thread. */
public interface MapMatches {
    /** How many were found. */
    int count();

    /** How similar match {@code i} is, a cosine or a mean of cosines: 1 for the same direction. */
    float score(int i);

    /** Copies the J probabilities of a layer of match {@code i}. */
    void probabilities(int i, int layer, float[] out, int outOffset);

    /**
     * The sum of the cosines of the first layers of match {@code i} with others.
     *
     * @param directions layers x J, each layer at unit length
     */
    default float cosines(int i, int layers, float[] directions) {
        int n = directions.length / layers;
        float[] ofLayer = new float[n];
        float sum = 0;
        for (int layer = 0; layer < layers; layer++) {
            probabilities(i, layer, ofLayer, 0);
            sum += MapVectors.cosine(ofLayer, 0, directions, layer * n, n);
        }
        return sum;
    }

    /** What followed match {@code i}, a {@link Continuation} that the caller only reads; empty where that is not known. */
    byte[] continuation(int i);

    /** Where match {@code i} comes from. */
    MapOrigin origin(int i);

    /** Nothing found. */
    MapMatches NONE = new MapMatches() {
        @Override
        public int count() {
            return 0;
        }

        @Override
        public float score(int i) {
            throw new IndexOutOfBoundsException(i);
        }

        @Override
        public void probabilities(int i, int layer, float[] out, int outOffset) {
            throw new IndexOutOfBoundsException(i);
        }

        @Override
        public byte[] continuation(int i) {
            throw new IndexOutOfBoundsException(i);
        }

        @Override
        public MapOrigin origin(int i) {
            throw new IndexOutOfBoundsException(i);
        }
    };
}
