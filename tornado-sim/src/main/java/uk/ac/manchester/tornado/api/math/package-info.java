/** Mathematics that TornadoVM compiles to a device's own. */
@NullMarked
package uk.ac.manchester.tornado.api.math;

import org.jspecify.annotations.NullMarked;
