package dev.squall.tornado;

import dev.squall.expert.ExpertLease;
import dev.squall.model.ExpertWeights;
import dev.squall.model.Hyperparameters;
import dev.squall.model.ModelException;
import dev.squall.model.ModelWeights;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Experts on the device: one pool of equal slots, filled on demand through a staging array, the slot that was used longest
 * ago first. Which weights an expert has never changes, so a slot stays good however its lease came to them. The device's
 * thread.
 */
final class ExpertSlots {
    private final int expertCount;
    private final int slotBytes;
    private final ByteArray pool;
    private final ByteArray staging;
    private final IntArray target = new IntArray(2);

    private final int[] slotOfExpert;
    private final int[] expertOfSlot;
    private final long[] lastUses;
    private long uses;
    private long uploadedBytes;

    /**
     * Allocates as many slots as there are experts, or as fit.
     *
     * @param bytesMax most bytes of all slots
     */
    ExpertSlots(ModelWeights model, long bytesMax) {
        Hyperparameters h = model.hyperparameters();
        expertCount = h.expertCount();
        long largest = model.layers().stream()
                .flatMap(layer -> layer.experts().stream())
                .mapToLong(ExpertWeights::bytes)
                .max()
                .orElse(1);
        long most = Math.min(bytesMax, DeviceWeights.BUFFER_BYTES_MAX);
        long slots = Math.min(most / largest, (long) h.blockCount() * expertCount);
        if (slots < expertCount) {
            throw new ModelException("experts: " + slots + " slots of " + largest + " bytes fit into " + most
                    + " bytes of the device, expected at least " + expertCount + ", one layer's: use --device cpu");
        }
        slotBytes = (int) largest;
        pool = new ByteArray((int) Math.max(1, slots * largest));
        staging = new ByteArray(slotBytes);
        slotOfExpert = new int[h.blockCount() * expertCount];
        Arrays.fill(slotOfExpert, -1);
        expertOfSlot = new int[(int) slots];
        Arrays.fill(expertOfSlot, -1);
        lastUses = new long[(int) slots];
    }

    ByteArray pool() {
        return pool;
    }

    int slotCount() {
        return expertOfSlot.length;
    }

    /** Bytes copied to the device so far. */
    long uploadedBytes() {
        return uploadedBytes;
    }

    /** The array that an expert comes to the device in. */
    ByteArray staging() {
        return staging;
    }

    /** Where the slot begins, and the bytes to copy. */
    IntArray target() {
        return target;
    }

    /**
     * Makes experts of a layer resident; those named in one call stay for that call.
     *
     * @param chosen experts, with repetitions
     * @param launchUpload executes the graph that copies {@link #staging} to {@link #target}
     */
    void require(int layer, int[] chosen, int count, ExpertLease lease, Runnable launchUpload) {
        uses++;
        for (int i = 0; i < count; i++) {
            int slot = slotOfExpert[layer * expertCount + chosen[i]];
            if (slot >= 0) {
                lastUses[slot] = uses;
            }
        }
        for (int i = 0; i < count; i++) {
            int expert = layer * expertCount + chosen[i];
            if (slotOfExpert[expert] < 0) {
                fill(expert, lease.weights(chosen[i]), launchUpload);
            }
        }
    }

    private void fill(int expert, ExpertWeights weights, Runnable launchUpload) {
        int slot = 0;
        for (int other = 1; other < lastUses.length; other++) {
            slot = lastUses[other] < lastUses[slot] ? other : slot;
        }
        if (expertOfSlot[slot] >= 0) {
            slotOfExpert[expertOfSlot[slot]] = -1;
        }
        expertOfSlot[slot] = -1;
        long at = 0;
        for (WeightMatrix matrix : new WeightMatrix[] {weights.gate(), weights.up(), weights.down()}) {
            long bytes = matrix.data().byteSize();
            MemorySegment.copy(matrix.data(), 0, staging.getSegment(), at, bytes);
            at += bytes;
        }
        target.set(0, slot * slotBytes);
        target.set(1, (int) at);
        launchUpload.run();
        uploadedBytes += at;
        expertOfSlot[slot] = expert;
        slotOfExpert[expert] = slot;
        lastUses[slot] = uses;
    }

    /** The byte of the pool that a resident expert begins at. */
    int at(int layer, int expert) {
        return slotOfExpert[layer * expertCount + expert] * slotBytes;
    }
}
