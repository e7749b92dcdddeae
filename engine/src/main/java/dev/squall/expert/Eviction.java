package dev.squall.expert;

/** Ranks what no one holds: the least worth gives up its slot. Called under the cache's lock; keeps no state. */
public interface Eviction {

    /**
     * How much an expert's presence is worth. The least is evicted; of equals the lower slot.
     *
     * @param resident the expert
     * @param incomingLayer the layer of the expert that needs a slot
     * @param layerShare slots of each layer, were they divided evenly
     */
    double worth(Resident resident, int incomingLayer, double layerShare);

    /**
     * Whether an expert that was only predicted may take the place of one that is there.
     *
     * @param probability that its layer's next visit uses it
     * @param useRate the share of its layer's visits that use it in the long run
     * @param visitsAhead visits until its layer comes
     */
    default boolean admits(Resident victim, double probability, double useRate, long visitsAhead) {
        return true;
    }
}
