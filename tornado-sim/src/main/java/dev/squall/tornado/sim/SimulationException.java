package dev.squall.tornado.sim;

/** Something that a device would refuse, or worse, would do. The message names graph, task and work-item. */
public final class SimulationException extends RuntimeException {
    public SimulationException(String message) {
        super(message);
    }

    SimulationException(String message, Throwable cause) {
        super(message, cause);
    }
}
