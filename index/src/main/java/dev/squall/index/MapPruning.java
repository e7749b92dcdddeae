package dev.squall.index;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.Directory;

/** Chooses maps that an index can do without, and removes them. */
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

    /**
     * Removes maps for good and gives their room back.
     *
     * @throws MapIndexException if another process writes the index, or it is damaged
     */
    public static void remove(Path folder, Collection<Long> ids) {
        MapIndex.quietenLucene();
        try (Directory directory = MapIndex.open(folder)) {
            MapIndex index = MapIndex.read(directory, folder);
            try (IndexWriter writer = new IndexWriter(directory, SegmentBySegment.writing(maps -> {}))) {
                writer.setLiveCommitData(index.commitData().entrySet());
                for (long id : ids) {
                    writer.deleteDocuments(new Term(MapDocuments.ID, Long.toString(id)));
                }
                writer.forceMergeDeletes();
                writer.commit();
            }
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
    }
}
