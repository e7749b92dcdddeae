/**
 * What experts a pass will ask for: expert maps and the stores that find similar ones, the policies that turn
 * observations of routing into forecasts, and the thread that does so beside the forward pass.
 */
@NullMarked
package dev.squall.predict;

import org.jspecify.annotations.NullMarked;
