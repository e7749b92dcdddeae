package dev.squall.cli.answer;

import dev.squall.generate.ScoredToken;
import dev.squall.generate.TokenListener;
import java.io.PrintStream;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Passes an answer's text on as it is made, and shows how far a long prompt has been read until it begins. */
public final class AnswerListener implements TokenListener {
    private static final long PATIENCE_NANOS = 400_000_000;

    private final Consumer<String> text;
    private final @Nullable PrintStream progress;
    private final long startNanos = System.nanoTime();
    private boolean progressShown;
    private int charactersHeard;

    /**
     * @param text takes the pieces of the answer
     * @param progress a terminal that understands escape sequences, null for none
     */
    public AnswerListener(Consumer<String> text, @Nullable PrintStream progress) {
        this.text = text;
        this.progress = progress;
    }

    @Override
    public void onToken(ScoredToken token, String piece) {
        clearProgress();
        charactersHeard += piece.length();
        text.accept(piece);
    }

    /** How much of the answer's text has been passed on; what is missing at the end is a character never finished. */
    public int charactersHeard() {
        return charactersHeard;
    }

    /** Takes the progress away, if it is still shown because no answer began. */
    public void end() {
        clearProgress();
    }

    @Override
    public void onPrefill(int done, int total) {
        if (progress == null) {
            return;
        }
        if (done >= total) {
            clearProgress();
        } else if (System.nanoTime() - startNanos > PATIENCE_NANOS) {
            progress.printf("\r\u001b[2mreading the prompt: %d of %d tokens\u001b[0m", done, total);
            progress.flush();
            progressShown = true;
        }
    }

    private void clearProgress() {
        if (progressShown && progress != null) {
            progress.print("\r\u001b[K");
            progress.flush();
            progressShown = false;
        }
    }
}
