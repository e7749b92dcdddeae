package dev.squall.index;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;

/** Chooses maps that an index can do without. */
public final class MapPruning {
    private MapPruning() {}

    /** All but the newest. */
    public static List<Long> allBut(MapIndexReader reader, int kept) throws IOException {
        List<Long> ids = new ArrayList<>();
        reader.forEachOrigin((id, origin) -> ids.add(id));
        ids.sort(Comparator.naturalOrder());
        return List.copyOf(ids.subList(0, Math.max(0, ids.size() - kept)));
    }

    /** What was observed before a time. */
    public static List<Long> before(MapIndexReader reader, long epochMillis) throws IOException {
        List<Long> ids = new ArrayList<>();
        reader.forEachOrigin((id, origin) -> {
            if (origin.epochMillis() < epochMillis) {
                ids.add(id);
            }
        });
        return ids;
    }

    /** What one conversation showed. */
    public static List<Long> ofConversation(MapIndexReader reader, long conversation) throws IOException {
        List<Long> ids = new ArrayList<>();
        reader.forEachOrigin((id, origin) -> {
            if (origin.conversation() == conversation) {
                ids.add(id);
            }
        });
        return ids;
    }

    /**
     * Maps that an older one, which stays, is at least so similar to, by the mean cosine over all layers.
     *
     * @param progress hears how many maps have been compared
     */
    public static List<Long> redundant(MapIndexReader reader, double similarity, LongConsumer progress)
            throws IOException {
        return new RedundantMaps(reader.leaves(), reader.index().shape(), progress).resembling(similarity);
    }
}
