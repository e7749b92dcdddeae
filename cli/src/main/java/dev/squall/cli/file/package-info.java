/** The files that a command is given: which it may write, and the text of prompts. */
@NullMarked
package dev.squall.cli.file;

import org.jspecify.annotations.NullMarked;
