package dev.squall.bench;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.StringJoiner;

/**
 * One prefill and the decoding after it, timed.
 *
 * @param prefillNanos evaluating the prompt in one batch, to the likeliest next token
 * @param decodeNanos evaluating the tokens after it one by one, each to its likeliest next token
 * @param likeliest the likeliest next token after the prompt, then after each further token
 */
record Lap(long prefillNanos, long decodeNanos, int[] likeliest) {
    /**
     * The tokens are given, not chosen by the engine, so that every engine does the same work with the same experts
     * even where their arithmetic differs in the last bit.
     */
    static Lap run(Racer racer, int[] prompt, int[] continuation) {
        int[] likeliest = new int[continuation.length + 1];
        long start = System.nanoTime();
        likeliest[0] = racer.prefill(prompt);
        long prefilled = System.nanoTime();
        for (int i = 0; i < continuation.length; i++) {
            likeliest[i + 1] = racer.decode(continuation[i]);
        }
        long decoded = System.nanoTime();
        return new Lap(prefilled - start, decoded - prefilled, likeliest);
    }

    /** {@code count} token ids below {@code vocabularySize}, the same for the same seed. */
    static int[] tokens(long seed, int count, int vocabularySize) {
        return new SplittableRandom(seed).ints(count, 0, vocabularySize).toArray();
    }

    /** The lap on one line, for {@link #parse}. */
    String line() {
        StringJoiner line =
                new StringJoiner(" ").add(Long.toString(prefillNanos)).add(Long.toString(decodeNanos));
        for (int token : likeliest) {
            line.add(Integer.toString(token));
        }
        return line.toString();
    }

    /** @throws BenchException if the line was not made by {@link #line()} */
    static Lap parse(String line) {
        String[] fields = line.split(" ", -1);
        if (fields.length < 3) {
            throw new BenchException("lap '" + line + "': " + fields.length + " numbers, expected at least 3");
        }
        try {
            return new Lap(
                    Long.parseLong(fields[0]),
                    Long.parseLong(fields[1]),
                    Arrays.stream(fields, 2, fields.length)
                            .mapToInt(Integer::parseInt)
                            .toArray());
        } catch (NumberFormatException e) {
            throw new BenchException("lap '" + line + "', expected numbers only", e);
        }
    }

    /** How many of the likeliest tokens are the other lap's too. */
    int agreement(Lap other) {
        int equal = 0;
        for (int i = 0; i < likeliest.length; i++) {
            if (likeliest[i] == other.likeliest[i]) {
                equal++;
            }
        }
        return equal;
    }
}
