package uk.ac.manchester.tornado.api.exceptions;

/** A buffer that cannot be had. */
public class TornadoMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public TornadoMemoryException(String message) {
        super(message);
    }
}
