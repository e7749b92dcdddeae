package dev.squall.cli.index;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MapLayersTest {
    @Test
    void theRowsOfAMapOfTwoPassesAreLayersOfEach() {
        MapLayers layers = new MapLayers(8, 2);

        assertThat(layers.rows()).isEqualTo(16);
        assertThat(layers.name(7)).isEqualTo("layer 7 before");
        assertThat(layers.name(8)).isEqualTo("layer 0");
        assertThat(layers.name(15)).isEqualTo("layer 7");
        assertThat(layers.known(4)).isEqualTo("4 before");
        assertThat(layers.known(8)).isEqualTo("8 before");
        assertThat(layers.known(12)).isEqualTo("8 before + 4");
        assertThat(layers.shape(16)).isEqualTo("2 passes x 8 layers x 16 experts");
    }

    @Test
    void theRowsOfAMapOfOnePassAreItsLayers() {
        MapLayers layers = new MapLayers(32, 1);

        assertThat(layers.name(31)).isEqualTo("layer 31");
        assertThat(layers.isBefore(0)).isFalse();
        assertThat(layers.known(4)).isEqualTo("4 of 32");
        assertThat(layers.shape(8)).isEqualTo("32 layers x 8 experts");
        assertThat(layers.bands()).isEmpty();
        assertThat(layers.note()).isEmpty();
    }
}
