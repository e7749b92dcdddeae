/** The command {@code models}: what is in a model file. */
@NullMarked
package dev.squall.cli.models;

import org.jspecify.annotations.NullMarked;
