package dev.squall.expert;

/**
 * The size and source of an expert cache to be made: so many bytes, or a share of all experts.
 *
 * @param bytesMax memory for experts; 0 where a share is given
 * @param share of all experts, above 0 and at most 1; 0 where bytes are given
 * @param reads how an expert comes into its slot
 * @param linkBytesPerSecond bandwidth that reads are slowed down to, for experiments; 0 for as fast as they are
 */
public record ExpertCacheOptions(long bytesMax, double share, Reads reads, double linkBytesPerSecond) {
    /** How an expert comes into its slot. */
    public enum Reads {
        /** Read from the file, past the operating system's page cache. */
        DIRECT,
        /** Copied from the mapped file. */
        COPIED,
        /** Not at all, for experiments: its place in the mapped file is lent, see {@link LendingExpertReader}. */
        LENT;

        private static Reads of(boolean direct) {
            return direct ? DIRECT : COPIED;
        }
    }

    public ExpertCacheOptions {
        if (bytesMax < 0 || share < 0 || share > 1 || (bytesMax > 0) == (share > 0)) {
            throw new IllegalArgumentException("an expert cache of " + bytesMax + " bytes and a share of " + share
                    + ", expected either bytes or a share above 0 and at most 1");
        }
        if (reads == Reads.LENT && share == 0) {
            throw new IllegalArgumentException("experts that are lent take no bytes, expected a share of them");
        }
        if (!(linkBytesPerSecond >= 0)) {
            throw new IllegalArgumentException("a link of " + linkBytesPerSecond + " bytes/s, expected 0 or more");
        }
    }

    /** @param directReads whether experts are read past the operating system's page cache, or copied from the mapped file */
    public ExpertCacheOptions(long bytesMax, boolean directReads) {
        this(bytesMax, 0, Reads.of(directReads), 0);
    }

    /** A cache with a slot for a share of all experts. */
    public static ExpertCacheOptions ofShare(double share, boolean directReads) {
        return new ExpertCacheOptions(0, share, Reads.of(directReads), 0);
    }

    /** The same behind a slow link, see {@link ThrottledExpertReader}. */
    public ExpertCacheOptions throttledTo(double bytesPerSecond) {
        return new ExpertCacheOptions(bytesMax, share, reads, bytesPerSecond);
    }

    /** The same with experts that come in another way. */
    public ExpertCacheOptions withReads(Reads other) {
        return new ExpertCacheOptions(bytesMax, share, other, linkBytesPerSecond);
    }

    /**
     * How many slots that is.
     *
     * @param expertCount J, experts of a layer
     * @param layerCount L, layers with experts
     * @throws IllegalArgumentException if it is less than one layer's experts need
     */
    public long slots(long slotBytes, int expertCount, int layerCount) {
        long experts = (long) layerCount * expertCount;
        long slots = share > 0 ? (long) Math.ceil(share * experts) : Math.min(bytesMax / slotBytes, experts);
        if (slots < expertCount) {
            throw new IllegalArgumentException("an expert cache of "
                    + (share > 0 ? 100 * share + " %" : bytesMax + " bytes") + " has " + slots
                    + " slots, expected at least " + expertCount + ", one layer's experts: give it "
                    + Math.multiplyExact(slotBytes, (long) expertCount) + " bytes or more");
        }
        return slots;
    }
}
