package dev.squall.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TextTableTest {
    private static TextTable table() {
        TextTable table = new TextTable().text("layer").text("experts").number("found");
        table.row("7 before", "1 22 333", "100 %");
        table.row("0", "4 5", "3 %");
        return table;
    }

    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        assertThat(table().lines(80))
                .containsExactly(
                        "layer     experts   found", //
                        "7 before  1 22 333  100 %",
                        "0         4 5         3 %");
    }

    @Test
    void textsBreakWhereTheTerminalIsNarrow() {
        TextTable table = new TextTable().number("id").text("experts");
        table.row("12", "10 20 30 40 50");
        assertThat(table.lines(12))
                .containsExactly(
                        "id  experts", //
                        "12  10 20 30",
                        "    40 50");
    }

    @Test
    void numbersAreNeverBroken() {
        assertThat(table().lines(4)).isEqualTo(table().lines(80));
    }

    @Test
    void refusesARowOfOtherCells() {
        assertThatThrownBy(() -> table().row("1")).hasMessage("1 cells, expected 3");
    }
}
