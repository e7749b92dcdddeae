package dev.squall.predict;

import dev.squall.expert.CacheCounters;

/**
 * Where an expert map comes from and how its pass fared.
 *
 * @param epochMillis when it was observed, milliseconds since 1970
 * @param phase what the pass did
 * @param position of the token in its sequence, of the last one where the map stands for several
 * @param conversation a number that the maps of one conversation share
 * @param hits experts that were in their slots when the pass asked for them
 * @param misses experts that were not
 */
public record MapOrigin(long epochMillis, Phase phase, int position, long conversation, int hits, int misses) {

    /** The same of another conversation. */
    public MapOrigin withConversation(long number) {
        return new MapOrigin(epochMillis, phase, position, number, hits, misses);
    }

    /** The same with how its pass fared. */
    MapOrigin withOutcome(CacheCounters ofPass) {
        return new MapOrigin(
                epochMillis,
                phase,
                position,
                conversation,
                Math.toIntExact(ofPass.hits()),
                Math.toIntExact(ofPass.misses()));
    }
}
