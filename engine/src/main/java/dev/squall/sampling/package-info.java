/** From logits to a token: a chain of samplers, each a small step that can be left out. Knows nothing of models. */
@NullMarked
package dev.squall.sampling;

import org.jspecify.annotations.NullMarked;
