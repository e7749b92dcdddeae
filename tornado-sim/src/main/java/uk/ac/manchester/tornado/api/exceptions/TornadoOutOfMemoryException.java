package uk.ac.manchester.tornado.api.exceptions;

/** The device's memory is full. */
public class TornadoOutOfMemoryException extends RuntimeException {
    public TornadoOutOfMemoryException(String message) {
        super(message);
    }
}
