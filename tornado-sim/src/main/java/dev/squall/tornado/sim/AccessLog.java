package dev.squall.tornado.sim;

/**
 * Who touched each element of one array on the device, to find races: two work-items touch an element, one of them writes,
 * and no barrier of a common group lies between. Of several readers one is remembered, so a race may be missed; one that is
 * reported is one.
 */
public final class AccessLog {
    private static final int NOBODY = 0;

    private final String array;
    private final int[] writers;
    private final int[] writerPhases;
    private final int[] readers;
    private final int[] readerPhases;
    private Launch launch = Launch.NONE;
    /** Work-item ids are kept with this added, so that those of earlier launches fall below it. */
    private int base;

    AccessLog(String array, int elements) {
        this.array = array;
        writers = new int[elements];
        writerPhases = new int[elements];
        readers = new int[elements];
        readerPhases = new int[elements];
    }

    void begin(Launch next) {
        base = Math.addExact(base, launch.globalSize() + 1);
        launch = next;
    }

    /** Writes down that the running work-item reads an element. */
    public void read(int index) {
        if (index < 0 || index >= writers.length || launch == Launch.NONE) {
            return;
        }
        int self = base + launch.current();
        if (races(writers[index], writerPhases[index], self)) {
            throw race(index, writers[index], "writes", "reads");
        }
        readers[index] = self;
        readerPhases[index] = launch.phase();
    }

    /** Writes down that the running work-item writes an element. */
    public void write(int index) {
        if (index < 0 || index >= writers.length || launch == Launch.NONE) {
            return;
        }
        int self = base + launch.current();
        if (races(writers[index], writerPhases[index], self)) {
            throw race(index, writers[index], "writes", "writes");
        }
        if (races(readers[index], readerPhases[index], self)) {
            throw race(index, readers[index], "reads", "writes");
        }
        writers[index] = self;
        writerPhases[index] = launch.phase();
    }

    private boolean races(int other, int otherPhase, int self) {
        if (other == NOBODY || other < base || other == self) {
            return false;
        }
        boolean sameGroup = (other - base) / launch.groupSize() == (self - base) / launch.groupSize();
        return !sameGroup || otherPhase == launch.phase();
    }

    private SimulationException race(int index, int other, String theirs, String ours) {
        return new SimulationException(
                "%s: race at element %d of argument %s: work-item %d %s and work-item %d %s, no barrier between"
                        .formatted(launch.name(), index, array, other - base, theirs, launch.current(), ours));
    }

    void end() {
        base = Math.addExact(base, launch.globalSize() + 1);
        launch = Launch.NONE;
    }
}
