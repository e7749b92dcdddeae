package dev.squall.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Finds the tokens that are matched as a whole before text is split any further. Of overlapping matches the longest
 * counts, then the one with the smaller id, then the earlier one. Immutable; any thread may use it.
 */
final class SpecialTokenMatcher {
    /** The token found at text[from, to). */
    record Match(int token, int from, int to) {}

    private static final Comparator<Match> STRONGEST_FIRST = Comparator.<Match>comparingInt(
                    match -> match.from() - match.to())
            .thenComparingInt(Match::token)
            .thenComparingInt(Match::from);

    private final Map<String, Integer> tokensByText;
    /** For each character that a token begins with, the lengths of the tokens that begin with it. */
    private final Map<Character, int[]> lengthsByFirst = new HashMap<>();

    SpecialTokenMatcher(Map<String, Integer> tokensByText) {
        this.tokensByText = Map.copyOf(tokensByText);
        Map<Character, TreeSet<Integer>> lengths = new HashMap<>();
        for (String text : tokensByText.keySet()) {
            lengths.computeIfAbsent(text.charAt(0), first -> new TreeSet<>()).add(text.length());
        }
        lengths.forEach((first, sorted) -> lengthsByFirst.put(
                first, sorted.stream().mapToInt(Integer::intValue).toArray()));
    }

    /** Matches that do not overlap, in the order of the text. */
    List<Match> find(String text) {
        List<Match> candidates = candidates(text);
        if (candidates.size() < 2) {
            return candidates;
        }
        candidates.sort(STRONGEST_FIRST);
        // Chosen matches mark their characters: a later candidate that touches a marked one lies over a stronger match.
        boolean[] taken = new boolean[text.length()];
        List<Match> chosen = new ArrayList<>();
        for (Match candidate : candidates) {
            // A weaker match is no longer than the stronger one it overlaps, so it shares one of its own ends with it.
            if (!taken[candidate.from()] && !taken[candidate.to() - 1]) {
                Arrays.fill(taken, candidate.from(), candidate.to(), true);
                chosen.add(candidate);
            }
        }
        chosen.sort(Comparator.comparingInt(Match::from));
        return chosen;
    }

    private List<Match> candidates(String text) {
        List<Match> candidates = new ArrayList<>();
        if (tokensByText.isEmpty()) {
            return candidates;
        }
        for (int from = 0; from < text.length(); from++) {
            int[] lengths = lengthsByFirst.get(text.charAt(from));
            if (lengths == null) {
                continue;
            }
            for (int length : lengths) {
                if (from + length > text.length()) {
                    break;
                }
                Integer token = tokensByText.get(text.substring(from, from + length));
                if (token != null) {
                    candidates.add(new Match(token, from, from + length));
                }
            }
        }
        return candidates;
    }
}
