/** What the process around a command gives it, its streams, its environment and its memory, and how it ends. */
@NullMarked
package dev.squall.cli.process;

import org.jspecify.annotations.NullMarked;
