package dev.squall.index;

/** Something that waits and is waited for to its end: an interruption is kept for whoever called. */
@FunctionalInterface
interface Uninterruptible {
    void await() throws InterruptedException;

    /** Waits, again after each interruption. */
    static void run(Uninterruptible wait) {
        boolean interrupted = false;
        while (true) {
            try {
                wait.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
