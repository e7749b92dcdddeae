/** The command {@code doctor}: what is missing on this machine, and what mends it. */
@NullMarked
package dev.squall.cli.doctor;

import org.jspecify.annotations.NullMarked;
