/** The commands {@code index ...}: what is in an index of expert maps, how well it finds, and its lines of JSON. */
@NullMarked
package dev.squall.cli.index;

import org.jspecify.annotations.NullMarked;
