package dev.squall.tornado;

import dev.squall.model.ModelException;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Equal slots on the device, in as many buffers as its largest one makes necessary, and where in them the experts of a pass
 * begin.
 */
final class SlotPools {
    private final int slotCount;
    private final int slotBytes;
    private final int slotsPerPool;
    private final ByteArray[] pools;
    private final IntArray places;
    private final int pairsMax;

    /**
     * @param slotBytes of the largest expert
     * @param bufferBytesMax of the largest buffer
     * @param pairsMax most pairs of a row and an expert in a pass
     */
    SlotPools(int slotCount, long slotBytes, long bufferBytesMax, int pairsMax) {
        if (slotBytes > bufferBytesMax) {
            throw new ModelException("experts: one takes " + slotBytes + " bytes, expected at most " + bufferBytesMax
                    + ", the largest buffer of the device: use --device cpu");
        }
        this.slotCount = slotCount;
        this.slotBytes = Math.toIntExact(slotBytes);
        this.pairsMax = pairsMax;
        slotsPerPool = Math.toIntExact(Math.min(slotCount, bufferBytesMax / slotBytes));
        pools = new ByteArray[Math.ceilDiv(slotCount, slotsPerPool)];
        for (int pool = 0; pool < pools.length; pool++) {
            int slots = Math.min(slotsPerPool, slotCount - pool * slotsPerPool);
            pools[pool] = new ByteArray(Math.multiplyExact(slots, this.slotBytes));
        }
        places = new IntArray(expertField() + pairsMax);
    }

    int slotCount() {
        return slotCount;
    }

    int slotBytes() {
        return slotBytes;
    }

    int poolCount() {
        return pools.length;
    }

    ByteArray pool(int pool) {
        return pools[pool];
    }

    Object[] all() {
        return IntStream.range(0, pools.length).mapToObj(this::pool).toArray();
    }

    /** The pool of a slot. */
    int poolOf(int slot) {
        return slot / slotsPerPool;
    }

    /** The byte of its pool that a slot begins at. */
    int at(int slot) {
        return slot % slotsPerPool * slotBytes;
    }

    /**
     * For each pool, then for gates, ups and downs, then for each pair: the byte that the matrix begins at, or -1; then each
     * pair's expert.
     */
    IntArray places() {
        return places;
    }

    /** Where the numbers of all pairs begin in {@link #places}, of a pool and of gates (0), ups (1) or downs (2). */
    int placeField(int pool, int part) {
        return (3 * pool + part) * pairsMax;
    }

    /** Where the experts of all pairs begin in {@link #places}. */
    int expertField() {
        return placeField(pools.length, 0);
    }

    /** Says that a pair has no expert, so that products leave it alone. */
    void placeNowhere(int pair) {
        for (int part = 0; part < 3 * pools.length; part++) {
            places.set(part * pairsMax + pair, -1);
        }
    }

    /** Says which expert a pair has, which slot that is in, and how far from its beginning ups and downs are. */
    void place(int pair, int expert, int slot, int upsAt, int downsAt) {
        places.set(expertField() + pair, expert);
        for (int pool = 0; pool < pools.length; pool++) {
            boolean isThere = pool == poolOf(slot);
            int at = at(slot);
            places.set(placeField(pool, 0) + pair, isThere ? at : -1);
            places.set(placeField(pool, 1) + pair, isThere ? at + upsAt : -1);
            places.set(placeField(pool, 2) + pair, isThere ? at + downsAt : -1);
        }
    }
}
