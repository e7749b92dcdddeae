/** The entrance to TornadoVM's runtime, simulated. */
@NullMarked
package uk.ac.manchester.tornado.api.runtime;

import org.jspecify.annotations.NullMarked;
