/**
 * From options to a loaded model: which file, on which device, in how much memory, under which policy. The one place where
 * implementations of the engine's interfaces are chosen.
 */
@NullMarked
package dev.squall.cli.loading;

import org.jspecify.annotations.NullMarked;
