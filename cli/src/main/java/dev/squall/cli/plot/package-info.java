/**
 * Pages of plots that stand alone: one HTML file with SVG in it, which loads nothing, runs no script and is readable on
 * light and dark screens and on paper. Knows nothing of models or indexes.
 */
@NullMarked
package dev.squall.cli.plot;

import org.jspecify.annotations.NullMarked;
