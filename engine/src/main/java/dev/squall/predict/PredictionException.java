package dev.squall.predict;

/** A predictor that failed, so that answers would only become slower without a word. */
public final class PredictionException extends RuntimeException {
    private static final long serialVersionUID = 1;

    PredictionException(Throwable cause) {
        super("predicting experts failed: " + cause.getMessage(), cause);
    }
}
