package uk.ac.manchester.tornado.api.exceptions;

/** A kernel that does not compile. */
public class TornadoBailoutRuntimeException extends RuntimeException {
    public TornadoBailoutRuntimeException(String message) {
        super(message);
    }
}
