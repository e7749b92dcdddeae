package dev.squall.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** A vocabulary of control tokens and single bytes. */
final class TestVocabulary {
    private TestVocabulary() {}

    /** The first two control tokens begin and end a sequence. */
    static Tokenizer with(List<String> control, boolean addsBos) {
        List<String> tokens = new ArrayList<>(control);
        for (int value = 0, next = 0x100; value < 256; value++) {
            boolean prints = (value >= 0x21 && value <= 0x7e) || (value >= 0xa1 && value != 0xad);
            tokens.add(String.valueOf((char) (prints ? value : next++)));
        }
        int[] types = new int[tokens.size()];
        Arrays.fill(types, 1);
        Arrays.fill(types, 0, control.size(), 3);
        OptionalInt absent = OptionalInt.empty();
        SpecialTokens special =
                new SpecialTokens(OptionalInt.of(0), OptionalInt.of(1), absent, absent, absent, addsBos, false, false);
        return Tokenizer.bytePairEncoding(new Vocabulary(tokens, types, new float[0]), List.of(), "gpt-2", special);
    }
}
