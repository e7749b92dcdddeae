package dev.squall.index;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.lucene.util.BytesRef;

/** Maps that no searcher sees yet, searched one by one. Not for several threads at once. */
final class RecentMaps {
    /** By number. */
    private final Map<Long, Recent> maps = new LinkedHashMap<>();

    /** A map as it is compared. */
    record Recent(ExpertMap map, byte[] embedding, byte[] probabilities) {
        static Recent of(MapShape shape, ExpertMap map) {
            return new Recent(
                    map,
                    HalfFloats.encode(MapVectors.unitEmbedding(shape, map.embedding())),
                    HalfFloats.encode(map.probabilities()));
        }
    }

    void add(long id, Recent map) {
        maps.put(id, map);
    }

    int size() {
        return maps.size();
    }

    /** Forgets maps, which a searcher sees now. */
    void forget(Collection<Long> ids) {
        // Not removeAll, which looks each map up in a list where there are as many of both.
        ids.forEach(maps::remove);
    }

    void search(MapQuery query, FoundMaps found) {
        maps.forEach((id, recent) -> {
            float score = query.score(new BytesRef(recent.embedding()), new BytesRef(recent.probabilities()));
            if (found.wants(score) && !found.has(id)) {
                found.add(new FoundMaps.Found(
                        id,
                        score,
                        recent.probabilities(),
                        recent.map().continuation(),
                        recent.map().origin()));
            }
        });
    }
}
