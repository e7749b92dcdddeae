/** From router outputs to the experts of each token, and the distributions that observers learn from. */
@NullMarked
package dev.squall.routing;

import org.jspecify.annotations.NullMarked;
