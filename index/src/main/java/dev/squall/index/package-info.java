/** Expert maps that outlive a process: the engine's {@link dev.squall.predict.ExpertMapStore} in a Lucene index. */
@NullMarked
package dev.squall.index;

import org.jspecify.annotations.NullMarked;
