/**
 * The experiments: random models of realistic shapes, races against llama.cpp, start-up times. Never shipped.
 */
@NullMarked
package dev.squall.bench;

import org.jspecify.annotations.NullMarked;
