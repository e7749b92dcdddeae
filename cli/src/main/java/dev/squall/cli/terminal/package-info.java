/** What makes text fit for a terminal: colours, widths, progress, heat maps. */
@NullMarked
package dev.squall.cli.terminal;

import org.jspecify.annotations.NullMarked;
