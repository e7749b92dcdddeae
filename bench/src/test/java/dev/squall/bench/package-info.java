@NullMarked
package dev.squall.bench;

import org.jspecify.annotations.NullMarked;
