package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.predict.MapShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsFileTest {
    private static final MapShape SHAPE = new MapShape(4, 8, 2, 16);

    @TempDir
    private Path folder;

    private LuceneExpertMapStore open() {
        return LuceneExpertMapStore.open(folder, SHAPE, "model", 100, 2);
    }

    private static void keep(LuceneExpertMapStore store, String kind, int... weights) {
        store.keepWeights(kind, out -> {
            for (int weight : weights) {
                out.writeInt(weight);
            }
        });
    }

    private static List<Integer> read(LuceneExpertMapStore store, String kind, int count) {
        List<Integer> weights = new ArrayList<>();
        store.readWeights(kind, in -> {
            for (int i = 0; i < count; i++) {
                weights.add(in.readInt());
            }
        });
        return weights;
    }

    private void damage() throws IOException {
        Path file = folder.resolve(WeightsFile.NAME);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 4;
        Files.write(file, bytes);
    }

    @Test
    void weightsComeBackWhenTheIndexIsOpenedAgain() {
        try (LuceneExpertMapStore store = open()) {
            assertThat(read(store, "kind", 2)).isEmpty();
            keep(store, "kind", 1, 2);
            keep(store, "kind", 3, 4);
        }
        try (LuceneExpertMapStore store = open()) {
            assertThat(read(store, "kind", 2)).containsExactly(3, 4);
        }
    }

    @Test
    void weightsOfAnotherKindAreNotGiven() {
        try (LuceneExpertMapStore store = open()) {
            keep(store, "kind", 1, 2);
            assertThat(read(store, "other kind", 2)).isEmpty();
            assertThat(read(store, "kind", 2)).containsExactly(1, 2);
        }
    }

    @Test
    void aFileThatWasCutShortInWritingLeavesTheOldOne() throws IOException {
        try (LuceneExpertMapStore store = open()) {
            keep(store, "kind", 1, 2);
            Files.write(folder.resolve(WeightsFile.NAME + ".new"), new byte[3]);
            assertThat(read(store, "kind", 2)).containsExactly(1, 2);
            keep(store, "kind", 5, 6);
            assertThat(read(store, "kind", 2)).containsExactly(5, 6);
        }
    }

    @Test
    void damageIsToldWhenTheyAreReadAndByTheCheckWhichRepairsIt() throws IOException {
        try (LuceneExpertMapStore store = open()) {
            keep(store, "kind", 1, 2, 3, 4);
        }
        assertThat(MapIndexCheck.run(folder, null, checked -> {})).isEmpty();
        damage();
        try (LuceneExpertMapStore store = open()) {
            assertThatThrownBy(() -> read(store, "kind", 4))
                    .isInstanceOf(MapIndexException.class)
                    .hasMessageContaining(WeightsFile.NAME)
                    .hasMessageContaining("check --repair");
        }
        assertThat(MapIndexCheck.run(folder, null, checked -> {}))
                .singleElement()
                .satisfies(finding -> assertThat(finding.text()).contains(WeightsFile.NAME));
        MapIndexCheck.repair(folder);
        assertThat(MapIndexCheck.run(folder, null, checked -> {})).isEmpty();
        try (LuceneExpertMapStore store = open()) {
            assertThat(read(store, "kind", 4)).isEmpty();
        }
    }

    @Test
    void aFileTooShortForItsChecksumIsDamaged() throws IOException {
        try (LuceneExpertMapStore store = open()) {
            keep(store, "kind", 1);
            Files.write(folder.resolve(WeightsFile.NAME), new byte[5]);
            assertThatThrownBy(() -> read(store, "kind", 1)).isInstanceOf(MapIndexException.class);
        }
    }
}
