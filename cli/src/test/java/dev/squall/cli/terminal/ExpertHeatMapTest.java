package dev.squall.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExpertHeatMapTest {
    @Test
    void moreIsDarker() {
        double[] values = {0, 1, 50, 100};
        assertThat(new ExpertHeatMap(1, 4, 10).rows((layer, expert) -> values[expert]))
                .containsExactly(" .=@".replace('=', ExpertHeatMap.SHADES.charAt(5)));
    }

    @Test
    void expertsThatDoNotFitShareAColumn() {
        ExpertHeatMap map = new ExpertHeatMap(2, 60, 20);
        assertThat(map.expertsPerColumn()).isEqualTo(3);
        assertThat(map.rows((layer, expert) -> layer == 1 && expert == 59 ? 1 : 0))
                .containsExactly(" ".repeat(20), " ".repeat(19) + "@");
    }

    @Test
    void nothingIsBlank() {
        assertThat(new ExpertHeatMap(1, 3, 8).rows((layer, expert) -> 0)).containsExactly("   ");
    }
}
