package dev.squall.compute;

import dev.squall.routing.LayerRouting;
import java.util.Arrays;

/**
 * The (row, expert) pairs of a routing, sorted by expert, so that each expert's weights are read once for all the rows
 * that chose it. Groups are numbered by rising expert, pairs of a group by rising row. Reused from layer to layer.
 */
final class ExpertGroups {
    private final int[] firstPairOfExpert;
    private final int[] groupExperts;
    private final int[] groupFirstPairs;
    private final int[] pairOfChoice;
    private final int[] rowOfPair;
    private final int[] gathered;
    private int size;
    private int pairCount;

    ExpertGroups(int rowsMax, int expertCount, int usedCount) {
        firstPairOfExpert = new int[expertCount + 1];
        groupExperts = new int[expertCount];
        groupFirstPairs = new int[expertCount + 1];
        pairOfChoice = new int[rowsMax * usedCount];
        rowOfPair = new int[rowsMax * usedCount];
        gathered = new int[rowsMax * usedCount];
    }

    void group(LayerRouting routing) {
        pairCount = routing.rows().size() * routing.usedCount();
        int[] experts = routing.experts();
        Arrays.fill(firstPairOfExpert, 0);
        for (int choice = 0; choice < pairCount; choice++) {
            firstPairOfExpert[experts[choice] + 1]++;
        }
        size = 0;
        for (int expert = 0; expert < routing.expertCount(); expert++) {
            if (firstPairOfExpert[expert + 1] > 0) {
                groupExperts[size] = expert;
                groupFirstPairs[size++] = firstPairOfExpert[expert];
            }
            firstPairOfExpert[expert + 1] += firstPairOfExpert[expert];
        }
        groupFirstPairs[size] = pairCount;
        for (int choice = 0; choice < pairCount; choice++) {
            int pair = firstPairOfExpert[experts[choice]]++;
            pairOfChoice[choice] = pair;
            rowOfPair[pair] = choice / routing.usedCount();
        }
    }

    /** Groups, one for each expert that some row chose. */
    int size() {
        return size;
    }

    /** The expert of a group. */
    int expert(int group) {
        return groupExperts[group];
    }

    /** The first pair of a group; of {@code size()}, the number of pairs. */
    int firstPair(int group) {
        return groupFirstPairs[group];
    }

    int pairCount() {
        return pairCount;
    }

    /** The pair of a choice, choices counted as in {@link LayerRouting#experts()}. */
    int pairOf(int choice) {
        return pairOfChoice[choice];
    }

    /** For each pair the offset of its row; holds until the next call. */
    int[] gather(int[] rowOffsets) {
        for (int pair = 0; pair < pairCount; pair++) {
            gathered[pair] = rowOffsets[rowOfPair[pair]];
        }
        return gathered;
    }
}
