/** Simulated devices of TornadoVM, and the shapes of its tasks. */
@NullMarked
package uk.ac.manchester.tornado.api.common;

import org.jspecify.annotations.NullMarked;
