/** What every command takes, and how words of the command line become values. Knows nothing of models or indexes. */
@NullMarked
package dev.squall.cli.option;

import org.jspecify.annotations.NullMarked;
