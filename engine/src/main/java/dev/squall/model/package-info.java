/**
 * What a model is: its hyper-parameters, its architecture as data, and its weights, bound to the file's tensors and
 * checked once. Computes nothing.
 */
@NullMarked
package dev.squall.model;

import org.jspecify.annotations.NullMarked;
