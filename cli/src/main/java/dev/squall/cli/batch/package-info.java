/** The command {@code batch}: many prompts from a file, answers to a file, and going on after an interruption. */
@NullMarked
package dev.squall.cli.batch;

import org.jspecify.annotations.NullMarked;
