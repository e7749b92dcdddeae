package dev.squall.expert;

import java.util.Locale;

/** Which expert gives up its slot: the one of least worth that no one holds. */
public enum EvictionPolicy {
    /** The least recently used goes. */
    LRU {
        @Override
        double worth(Resident resident) {
            return resident.lastUseTick();
        }
    },
    /** The least often used goes. */
    LFU {
        @Override
        double worth(Resident resident) {
            return resident.useCount();
        }
    },
    /** The one loaded first goes. */
    FIFO {
        @Override
        double worth(Resident resident) {
            return resident.loadTick();
        }
    },
    /** Any goes, the same ones in each run. */
    RANDOM {
        @Override
        double worth(Resident resident) {
            long mixed = (resident.loadTick() * 31 + resident.layer()) * 0x9E3779B97F4A7C15L + resident.expert();
            return ((mixed ^ (mixed >>> 29)) * 0xBF58476D1CE4E5B9L) >>> 11;
        }
    };

    /** The least is evicted; of equals the lower slot. */
    abstract double worth(Resident resident);

    /** The policy of that name. */
    public static EvictionPolicy named(String name) {
        for (EvictionPolicy policy : values()) {
            if (policy.toString().equals(name)) {
                return policy;
            }
        }
        throw new IllegalArgumentException("policy '" + name + "', expected lru, lfu, fifo or random");
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
