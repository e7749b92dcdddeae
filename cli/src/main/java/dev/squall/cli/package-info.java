/**
 * The command line: Picocli commands, the chat screen, and the one place where implementations of the engine's interfaces
 * are chosen. Standard output carries answers and reports and nothing else; everything else goes to standard error.
 */
@NullMarked
package dev.squall.cli;

import org.jspecify.annotations.NullMarked;
