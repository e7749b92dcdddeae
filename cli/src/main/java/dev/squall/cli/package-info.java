/** The command line. The one place where implementations are chosen. */
@NullMarked
package dev.squall.cli;

import org.jspecify.annotations.NullMarked;
