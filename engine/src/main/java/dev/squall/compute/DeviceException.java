package dev.squall.compute;

/** A device that computes failed, so that the pass it was computing cannot go on; what was said before still holds. */
public final class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
