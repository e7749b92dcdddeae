@NullMarked
package dev.squall.index;

import org.jspecify.annotations.NullMarked;
