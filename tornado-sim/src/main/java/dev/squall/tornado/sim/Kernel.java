package dev.squall.tornado.sim;

import org.jspecify.annotations.Nullable;

/** A task's method, called with all its arguments. */
@FunctionalInterface
public interface Kernel {
    void run(@Nullable Object[] arguments);
}
