/**
 * Where numbers are computed: the backend interface that the forward pass drives, and the JVM backend behind it with its
 * two sets of kernels, the scalar oracle and the Vector API.
 */
@NullMarked
package dev.squall.compute;

import org.jspecify.annotations.NullMarked;
