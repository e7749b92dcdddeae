package dev.squall.tornado.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The arrays that the work-items of a group share. Each work-item asks for them in the same order, so that the n-th
 * request of each gets the same array. What is in them before a group writes is improbable.
 */
final class LocalMemory {
    private final List<Object> arrays = new ArrayList<>();
    private final int[] requests;

    LocalMemory(int items) {
        requests = new int[items];
    }

    void beginGroup() {
        Arrays.fill(requests, 0);
        for (Object array : arrays) {
            if (array instanceof float[] floats) {
                Arrays.fill(floats, Float.NaN);
            } else if (array instanceof int[] ints) {
                Arrays.fill(ints, 0x5EADBEEF);
            }
        }
    }

    float[] floats(int item, int size) {
        int request = requests[item]++;
        if (request == arrays.size()) {
            float[] fresh = new float[size];
            Arrays.fill(fresh, Float.NaN);
            arrays.add(fresh);
        }
        if (arrays.get(request) instanceof float[] array && array.length == size) {
            return array;
        }
        throw differs(request);
    }

    int[] ints(int item, int size) {
        int request = requests[item]++;
        if (request == arrays.size()) {
            int[] fresh = new int[size];
            Arrays.fill(fresh, 0x5EADBEEF);
            arrays.add(fresh);
        }
        if (arrays.get(request) instanceof int[] array && array.length == size) {
            return array;
        }
        throw differs(request);
    }

    private static SimulationException differs(int request) {
        return new SimulationException(
                "local array " + request + " has another type or size in another work-item, expected the same in all");
    }
}
