/** How well a model predicts a text, and how much two models differ in it. */
@NullMarked
package dev.squall.perplexity;

import org.jspecify.annotations.NullMarked;
