package dev.squall.expert;

/** An expert that could not be brought from storage, so that the pass that needs it cannot go on. */
public final class ExpertLoadException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ExpertLoadException(int layer, int expert, Throwable cause) {
        super("expert " + expert + " of layer " + layer + " cannot be read: " + cause.getMessage(), cause);
    }
}
