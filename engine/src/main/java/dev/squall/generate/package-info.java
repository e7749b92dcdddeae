/**
 * What a user of the library sees: a loaded model, sessions on it, requests and results, and the one forward pass that
 * serves them all.
 */
@NullMarked
package dev.squall.generate;

import org.jspecify.annotations.NullMarked;
