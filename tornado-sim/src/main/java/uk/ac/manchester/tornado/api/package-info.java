/** The part of TornadoVM's API that Squall uses, simulated on the JVM under TornadoVM's own names. */
@NullMarked
package uk.ac.manchester.tornado.api;

import org.jspecify.annotations.NullMarked;
