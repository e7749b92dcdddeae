package dev.squall.compute;

import dev.squall.expert.ExpertLease;
import dev.squall.routing.LayerRouting;
import java.util.Arrays;

/**
 * The (row, expert) pairs of a routing, sorted by expert, so that each expert's weights are read once for all the rows
 * that chose it. Pairs of a group are numbered by rising row. Reused from layer to layer.
 */
final class ExpertGroups {
    private final int[] pairsOfExpert;
    private final int[] nextPairOfExpert;
    private final boolean[] isReady;
    private final int[] groupExperts;
    private final int[] groupFirstPairs;
    private final int[] pairOfChoice;
    private final int[] rowOfPair;
    private final int[] gathered;
    private int size;
    private int pairCount;

    ExpertGroups(int rowsMax, int expertCount, int usedCount) {
        pairsOfExpert = new int[expertCount];
        nextPairOfExpert = new int[expertCount];
        isReady = new boolean[expertCount];
        groupExperts = new int[expertCount];
        groupFirstPairs = new int[expertCount + 1];
        pairOfChoice = new int[rowsMax * usedCount];
        rowOfPair = new int[rowsMax * usedCount];
        gathered = new int[rowsMax * usedCount];
    }

    /** Groups the routing's pairs: experts that are ready before those that are still on their way. */
    void group(LayerRouting routing, ExpertLease lease) {
        pairCount = routing.rows().size() * routing.usedCount();
        int[] experts = routing.experts();
        Arrays.fill(pairsOfExpert, 0);
        for (int choice = 0; choice < pairCount; choice++) {
            pairsOfExpert[experts[choice]]++;
        }
        size = 0;
        int chosen = 0;
        for (int expert = 0; expert < routing.expertCount(); expert++) {
            if (pairsOfExpert[expert] > 0) {
                chosen++;
                isReady[expert] = lease.isReady(expert);
            }
        }
        int pair = 0;
        for (boolean ready : new boolean[] {true, false}) {
            for (int expert = 0; expert < routing.expertCount() && size < chosen; expert++) {
                if (pairsOfExpert[expert] > 0 && isReady[expert] == ready) {
                    groupExperts[size] = expert;
                    groupFirstPairs[size++] = pair;
                    nextPairOfExpert[expert] = pair;
                    pair += pairsOfExpert[expert];
                }
            }
        }
        groupFirstPairs[size] = pairCount;
        for (int choice = 0; choice < pairCount; choice++) {
            int next = nextPairOfExpert[experts[choice]]++;
            pairOfChoice[choice] = next;
            rowOfPair[next] = choice / routing.usedCount();
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
