package dev.squall.generate;

/**
 * A token and its log-probability under the model's full softmax distribution, before any sampler touched it.
 *
 * @param token the token's id
 * @param logProbability natural logarithm, at most 0
 */
public record TokenProbability(int token, double logProbability) {}
