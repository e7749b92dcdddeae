package dev.squall.model;

/** A well-formed file that is not a model Squall can run: an unknown architecture, a missing or misshapen tensor. */
public final class ModelException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ModelException(String message) {
        super(message);
    }
}
