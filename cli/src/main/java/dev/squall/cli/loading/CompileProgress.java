package dev.squall.cli.loading;

import dev.squall.cli.process.Streams;
import dev.squall.tornado.CompileListener;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** Shows how far the kernels of a device are compiled, if that takes a while, and takes the line away at the end. */
final class CompileProgress implements CompileListener {
    private static final long PATIENCE_NANOS = 1_000_000_000;

    private final @Nullable PrintStream terminal;
    private final long patienceNanos;
    private final long startNanos = System.nanoTime();
    private boolean shown;

    /** For those who look at standard error, if anybody does. */
    static CompileListener of(Streams streams) {
        return new CompileProgress(streams.errTerminal() ? streams.err() : null, PATIENCE_NANOS);
    }

    /**
     * @param terminal that understands escape sequences; null for none
     * @param patienceNanos how long nothing is shown
     */
    CompileProgress(@Nullable PrintStream terminal, long patienceNanos) {
        this.terminal = terminal;
        this.patienceNanos = patienceNanos;
    }

    @Override
    public void onCompiled(int done, int all) {
        if (terminal == null) {
            return;
        }
        if (done < all && System.nanoTime() - startNanos >= patienceNanos) {
            terminal.printf("\r\u001b[2mcompiling kernels: %d of %d graphs\u001b[0m", done, all);
            terminal.flush();
            shown = true;
        } else if (done >= all && shown) {
            terminal.print("\r\u001b[K");
            terminal.flush();
        }
    }
}
