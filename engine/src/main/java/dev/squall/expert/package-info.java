/** Where an expert's weights are when its layer needs them. */
@NullMarked
package dev.squall.expert;

import org.jspecify.annotations.NullMarked;
