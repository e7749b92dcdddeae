package dev.squall.gguf;

import java.util.List;

/** A metadata array whose elements are arrays. */
record NestedArrays(List<GgufValue.Array> arrays) implements GgufValue.Array {
    NestedArrays {
        arrays = List.copyOf(arrays);
    }

    @Override
    public GgufValueType elementType() {
        return GgufValueType.ARRAY;
    }

    @Override
    public int length() {
        return arrays.size();
    }

    @Override
    public GgufValue get(int index) {
        return arrays.get(index);
    }
}
