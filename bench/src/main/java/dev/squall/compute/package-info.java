/** Benchmarks of what the engine's package keeps to itself; never shipped. */
@NullMarked
package dev.squall.compute;

import org.jspecify.annotations.NullMarked;
