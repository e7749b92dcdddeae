package uk.ac.manchester.tornado.api.exceptions;

/** A plan that could not be closed. */
public class TornadoExecutionPlanException extends Exception {
    public TornadoExecutionPlanException(String reason) {
        super(reason);
    }
}
