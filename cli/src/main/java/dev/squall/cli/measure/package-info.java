/** Commands that measure: {@code perplexity}, how good a model is, and {@code simulate}, how good a policy is. */
@NullMarked
package dev.squall.cli.measure;

import org.jspecify.annotations.NullMarked;
