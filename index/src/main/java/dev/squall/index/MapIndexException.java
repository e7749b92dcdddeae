package dev.squall.index;

/** An index of expert maps that cannot be used; the message says which, why, and what to do. */
public final class MapIndexException extends RuntimeException {
    private static final long serialVersionUID = 1;

    MapIndexException(String message) {
        super(message);
    }

    MapIndexException(String message, Throwable cause) {
        super(message, cause);
    }
}
