package dev.squall.index;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.lucene.util.BytesRef;

/** Maps that no searcher sees yet, searched one by one. Not for several threads at once. */
final class RecentMaps {
    private final MapShape shape;
    private final Deque<Recent> maps = new ArrayDeque<>();

    private record Recent(long id, ExpertMap map, byte[] embedding, byte[] probabilities) {}

    RecentMaps(MapShape shape) {
        this.shape = shape;
    }

    void add(long id, ExpertMap map) {
        maps.addLast(new Recent(
                id,
                map,
                HalfFloats.encode(MapVectors.unitEmbedding(shape, map.embedding())),
                HalfFloats.encode(map.probabilities())));
    }

    int size() {
        return maps.size();
    }

    /** Forgets the maps up to a number, which a searcher sees now. */
    void forgetUpTo(long id) {
        while (!maps.isEmpty() && maps.getFirst().id() <= id) {
            maps.removeFirst();
        }
    }

    void search(MapQuery query, FoundMaps found) {
        for (Recent recent : maps) {
            float score = query.score(new BytesRef(recent.embedding()), new BytesRef(recent.probabilities()));
            if (found.wants(score) && !found.has(recent.id())) {
                found.add(new FoundMaps.Found(
                        recent.id(),
                        score,
                        recent.probabilities(),
                        recent.map().continuation(),
                        recent.map().origin()));
            }
        }
    }
}
