package uk.ac.manchester.tornado.api.exceptions;

/** A mistake of TornadoVM's own. */
public class TornadoInternalError extends Error {
    private static final long serialVersionUID = 1;

    public TornadoInternalError(Throwable cause) {
        super(cause);
    }
}
