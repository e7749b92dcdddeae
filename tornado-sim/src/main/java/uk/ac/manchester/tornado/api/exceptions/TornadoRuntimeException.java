package uk.ac.manchester.tornado.api.exceptions;

/** Something that the runtime cannot do. */
public class TornadoRuntimeException extends RuntimeException {
    public TornadoRuntimeException(String message) {
        super(message);
    }
}
