/**
 * What stands behind the simulated TornadoVM API: device copies of arrays, work-groups with barriers and local memory, and
 * checks that no device makes. Kernels are plain Java here, so a breakpoint in one stops in the work-item at fault.
 */
@NullMarked
package dev.squall.tornado.sim;

import org.jspecify.annotations.NullMarked;
