package dev.squall.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BlockTypeTest {
    @ParameterizedTest
    @CsvSource({
        "F32, 0, 1, 4",
        "F16, 1, 1, 2",
        "Q4_0, 2, 32, 18",
        "Q4_1, 3, 32, 20",
        "Q5_0, 6, 32, 22",
        "Q5_1, 7, 32, 24",
        "Q8_0, 8, 32, 34",
        "Q2_K, 10, 256, 84",
        "Q3_K, 11, 256, 110",
        "Q4_K, 12, 256, 144",
        "Q5_K, 13, 256, 176",
        "Q6_K, 14, 256, 210",
        "IQ4_NL, 20, 32, 18",
        "IQ4_XS, 23, 256, 136",
        "BF16, 30, 1, 2",
        "MXFP4, 39, 32, 17"
    })
    void hasTheNumbersOfGgml(BlockType type, int id, int blockElements, int blockBytes) {
        assertThat(type.id()).isEqualTo(id);
        assertThat(type.blockElements()).isEqualTo(blockElements);
        assertThat(type.blockBytes()).isEqualTo(blockBytes);
        assertThat(BlockType.fromId(id)).contains(type);
    }

    @ParameterizedTest
    @EnumSource
    void countsTheBytesOfRows(BlockType type) {
        assertThat(type.rowBytes(0)).isZero();
        assertThat(type.rowBytes(type.blockElements())).isEqualTo(type.blockBytes());
        assertThat(type.rowBytes(type.blockElements() * 10_000_000_000L))
                .isEqualTo(type.blockBytes() * 10_000_000_000L);
        assertThatThrownBy(() -> type.rowBytes(-type.blockElements())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesRowsThatEndWithinABlock() {
        assertThatThrownBy(() -> BlockType.Q4_K.rowBytes(255))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Q4_K row: 255 elements, expected a multiple of 256");
        assertThatThrownBy(() -> BlockType.Q8_0.rowBytes(33)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesRowsOfMoreBytesThanALongHolds() {
        assertThatThrownBy(() -> BlockType.F32.rowBytes(Long.MAX_VALUE)).isInstanceOf(ArithmeticException.class);
    }

    @Test
    void knowsNoTypeOfAnUnusedNumber() {
        assertThat(BlockType.fromId(4)).isEmpty();
        assertThat(BlockType.fromId(-1)).isEmpty();
    }
}
