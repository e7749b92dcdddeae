/** The GGUF file format and the block types its tensors are quantised in. Knows nothing of models. */
@NullMarked
package dev.squall.gguf;

import org.jspecify.annotations.NullMarked;
