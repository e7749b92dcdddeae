/** The command {@code chat}: the screen, what is typed there, and conversations in files. */
@NullMarked
package dev.squall.cli.chat;

import org.jspecify.annotations.NullMarked;
