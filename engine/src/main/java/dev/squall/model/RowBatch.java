package dev.squall.model;

/**
 * The rows of one forward pass. A row is one token at one position of one sequence; prefill, decode and several
 * sequences at once differ only in the rows they bring. Rows of one sequence come in rising position order, and a row
 * attends to every position of its sequence up to its own.
 *
 * @param tokens token id of each row
 * @param sequences sequence of each row
 * @param positions position of each row in its sequence, from 0
 */
public record RowBatch(int[] tokens, int[] sequences, int[] positions) {

    public RowBatch {
        if (tokens.length == 0 || tokens.length != sequences.length || tokens.length != positions.length) {
            throw new IllegalArgumentException("a batch of " + tokens.length + " tokens, " + sequences.length
                    + " sequences and " + positions.length + " positions, expected as many of each and at least 1");
        }
    }

    /** {@code count} tokens of one sequence, the first at {@code position}. */
    public static RowBatch ofSequence(int[] tokens, int from, int count, int sequence, int position) {
        int[] rows = new int[count];
        int[] sequences = new int[count];
        int[] positions = new int[count];
        for (int row = 0; row < count; row++) {
            rows[row] = tokens[from + row];
            sequences[row] = sequence;
            positions[row] = position + row;
        }
        return new RowBatch(rows, sequences, positions);
    }

    public int size() {
        return tokens.length;
    }
}
