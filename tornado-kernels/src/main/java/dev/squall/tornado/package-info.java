/**
 * Kernels in Java that TornadoVM compiles for a device, the task graphs that launch them, and the backend made of both.
 * Kernels are static methods in the part of Java that TornadoVM 5.2 was found to compile rightly: no half-precision
 * numbers, no reinterpreted bits, no loop in an arm of an if with another arm, no float equality joined to
 * another condition, no method named as a function of OpenCL, barriers that every work-item reaches.
 */
@NullMarked
package dev.squall.tornado;

import org.jspecify.annotations.NullMarked;
