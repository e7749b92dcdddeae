package dev.squall.expert;

import java.util.Locale;

/** The eviction rules. */
public enum Evictions implements Eviction {
    /** The least recently used goes. */
    LRU {
        @Override
        public double worth(Resident resident, int incomingLayer, double layerShare) {
            return resident.lastUseVisit();
        }
    },
    /** The least often used goes. */
    LFU {
        @Override
        public double worth(Resident resident, int incomingLayer, double layerShare) {
            return resident.useCount();
        }
    },
    /** The one loaded first goes. */
    FIFO {
        @Override
        public double worth(Resident resident, int incomingLayer, double layerShare) {
            return resident.loadOrder();
        }
    },
    /** Any goes, the same ones in each run. */
    RANDOM {
        @Override
        public double worth(Resident resident, int incomingLayer, double layerShare) {
            long mixed = (resident.loadOrder() * 31 + resident.layer()) * 0x9E3779B97F4A7C15L + resident.expert();
            return ((mixed ^ (mixed >>> 29)) * 0xBF58476D1CE4E5B9L) >>> 11;
        }
    },
    /** Each layer has its share of the slots, and within it the least recently used goes. */
    LRU_OF_LAYER {
        @Override
        public double worth(Resident resident, int incomingLayer, double layerShare) {
            boolean ownLayer = resident.layer() == incomingLayer;
            double over = resident.residentsOfLayer() - layerShare;
            boolean goesFirst = ownLayer ? over >= 0 : over > 0;
            return resident.lastUseVisit() + (goesFirst ? 0 : 0x1p50);
        }
    },
    /** The smallest product of predicted probability and use count goes (FineMoE, section 4.5: 1/(p·freq) is largest). */
    PROBABILITY_TIMES_FREQUENCY {
        @Override
        public double worth(Resident resident, int incomingLayer, double layerShare) {
            return resident.lastProbability() * resident.useCount();
        }
    },
    /** The least predicted goes; what the policy calls a probability is already weighed by layer (MoE-Infinity). */
    PROBABILITY {
        @Override
        public double worth(Resident resident, int incomingLayer, double layerShare) {
            return resident.lastProbability();
        }
    },
    /** The one whose next use is expected last goes: Belady's rule on a forecast. */
    EXPECTED_NEXT_USE {
        @Override
        public double worth(Resident resident, int incomingLayer, double layerShare) {
            return -expectedVisits(resident);
        }

        @Override
        public boolean admits(Resident victim, double probability, double useRate, long visitsAhead) {
            return expectedVisits(probability, useRate, visitsAhead, victim.visitsBetween()) < expectedVisits(victim);
        }
    };

    private static final double RATE_MIN = 1e-4;

    private static double expectedVisits(Resident resident) {
        return expectedVisits(
                resident.nextUseProbability(), resident.useRate(), resident.visitsAhead(), resident.visitsBetween());
    }

    /** Visits until the next use: the coming visit if it uses the expert, else as many more as its rate lets expect. */
    private static double expectedVisits(double probability, double useRate, long visitsAhead, int visitsBetween) {
        return visitsAhead + (1 - probability) * visitsBetween / Math.max(RATE_MIN, useRate);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
