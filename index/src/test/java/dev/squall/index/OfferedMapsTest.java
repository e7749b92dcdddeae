package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapShape;
import java.util.List;
import org.junit.jupiter.api.Test;

class OfferedMapsTest {
    private final MadeUpMaps maps = new MadeUpMaps(new MapShape(2, 4, 2, 3), 4, 1);
    private final OfferedMaps offered = new OfferedMaps(2);

    @Test
    void holdsAsManyAsThereIsRoomFor() {
        ExpertMap first = maps.map(0);
        ExpertMap second = maps.map(1);
        assertThat(offered.isEmpty()).isTrue();
        assertThat(offered.add(first)).isTrue();
        assertThat(offered.isEmpty()).isFalse();
        assertThat(offered.isFull()).isFalse();
        assertThat(offered.add(second)).isTrue();
        assertThat(offered.isFull()).isTrue();
        assertThat(offered.add(maps.map(2))).isFalse();
        List<ExpertMap> taken = offered.take();
        assertThat(taken).containsExactly(first, second);
        assertThat(offered.isEmpty()).isTrue();
        assertThat(offered.add(maps.map(3))).isTrue();
        assertThat(taken).containsExactly(first, second);
    }

    @Test
    void isQuietWhenNoneHasComeSinceItWasAsked() {
        assertThat(offered.isQuiet()).isTrue();
        offered.add(maps.map(0));
        assertThat(offered.isQuiet()).isFalse();
        assertThat(offered.isQuiet()).isTrue();
        offered.add(maps.map(1));
        offered.add(maps.map(2));
        offered.take();
        assertThat(offered.isQuiet()).isFalse();
        assertThat(offered.isQuiet()).isTrue();
    }
}
