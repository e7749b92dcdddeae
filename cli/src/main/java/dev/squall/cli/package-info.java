/**
 * The command line: puts the commands together and runs one. Standard output carries answers and reports and nothing else;
 * everything else goes to standard error.
 */
@NullMarked
package dev.squall.cli;

import org.jspecify.annotations.NullMarked;
