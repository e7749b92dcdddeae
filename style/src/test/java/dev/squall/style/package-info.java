/** Tests that hold the style of all modules: what may import what, names, sizes, words. */
@NullMarked
package dev.squall.style;

import org.jspecify.annotations.NullMarked;
