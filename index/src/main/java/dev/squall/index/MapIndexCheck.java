package dev.squall.index;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.lucene.index.CheckIndex;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.SegmentCommitInfo;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.Directory;
import org.jspecify.annotations.Nullable;

/** Reads and checks all of an index, checksums included, and repairs what can be repaired. */
public final class MapIndexCheck {
    /** The least share of its maps that a graph must lead to; a few that are next to equal to others are always missed. */
    static final double REACHABLE_LEAST = 0.5;

    private static final Pattern MISSING = Pattern.compile("(?:NoSuchFile|FileNotFound)Exception: ([^\\s(]+)");

    private static final String NO_REPAIR =
            "there is no repair: delete the folder to learn anew, or put a copy in its place";

    private MapIndexCheck() {}

    /**
     * What was found.
     *
     * @param isDamage whether something is lost or wrong; otherwise it is worth knowing and no more
     * @param repair what can be done; empty where nothing can or has to
     */
    public record Finding(boolean isDamage, String text, String repair) {}

    /** How many maps there are to check, so far as that can be read; 0 if it cannot. */
    public static long maps(Path folder) {
        MapIndex.quietenLucene();
        if (!Files.isDirectory(folder)) {
            return 0;
        }
        try (Directory directory = MapIndex.open(folder)) {
            return SegmentInfos.readLatestCommit(directory).totalMaxDoc();
        } catch (IOException | MapIndexException e) {
            // What is wrong, the check itself tells.
            return 0;
        }
    }

    /**
     * Checks the last commit, also while another process writes; never writes.
     *
     * @param model the fingerprint of the model that the index should be of; null for any
     * @param progress hears how many maps have been checked
     */
    public static List<Finding> run(Path folder, @Nullable String model, LongConsumer progress) throws IOException {
        MapIndex.quietenLucene();
        List<Finding> findings = new ArrayList<>();
        if (Files.isDirectory(folder) && MapIndex.hasLostCommit(folder)) {
            findings.add(new Finding(true, MapIndex.LOST_COMMIT, NO_REPAIR));
            return findings;
        }
        requireIndex(folder);
        try (Directory directory = MapIndex.open(folder)) {
            MapIndex index = MapIndex.read(directory, folder);
            if (model != null && !model.equals(index.model())) {
                findings.add(new Finding(
                        true,
                        "the index is of model " + index.model() + ", expected " + model,
                        "give the model that it was learnt with, or another folder to this one: what one model learns"
                                + " says nothing of another"));
            }
            if (checkSegments(directory, progress, findings)) {
                checkMaps(folder, findings);
            }
            if (!new WeightsFile(folder).isSound()) {
                findings.add(new Finding(
                        true,
                        "the policy's weights (" + WeightsFile.NAME + ") are damaged",
                        "squall index check --repair removes them, and they are learnt anew; maps are not touched"));
            }
        } catch (MapIndexException e) {
            findings.add(
                    new Finding(true, String.valueOf(e.getMessage()).replace(MapIndex.AFTER_DAMAGE, ""), NO_REPAIR));
        } catch (CorruptIndexException | NoSuchFileException e) {
            findings.add(new Finding(
                    true,
                    "the list of segments is damaged or missing: " + MapIndex.plain(String.valueOf(e.getMessage())),
                    NO_REPAIR));
        }
        return findings;
    }

    /** @throws MapIndexException if there is nothing to check */
    static void requireIndex(Path folder) throws IOException {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new MapIndexException("index " + folder + " is a file: name a folder");
        }
        if (!Files.isDirectory(folder)) {
            throw new MapIndexException(
                    "index " + folder + ": no such folder: squall chat --expert-cache 25% --index makes one");
        }
        try (Directory directory = MapIndex.open(folder)) {
            if (!DirectoryReader.indexExists(directory)) {
                throw new MapIndexException(
                        "index " + folder + " is empty: squall chat --expert-cache 25% --index fills one");
            }
        }
    }

    /** Whether all segments are sound. */
    private static boolean checkSegments(Directory directory, LongConsumer progress, List<Finding> findings)
            throws IOException {
        long checked = 0;
        boolean isSound = true;
        for (SegmentCommitInfo segment : SegmentInfos.readLatestCommit(directory)) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (CheckIndex check = new CheckIndex(directory, new NoLock())) {
                check.setInfoStream(new PrintStream(out, true, StandardCharsets.UTF_8));
                if (!check.checkIndex(List.of(segment.info.name)).clean) {
                    isSound = false;
                    int maps = segment.info.maxDoc() - segment.getDelCount();
                    findings.add(new Finding(
                            true,
                            "segment " + segment.info.name + " with " + maps + " maps is damaged: "
                                    + reason(out.toString(StandardCharsets.UTF_8)),
                            "squall index check --repair drops it and keeps the other segments"));
                }
            }
            checked += segment.info.maxDoc();
            progress.accept(checked);
        }
        return isSound;
    }

    private static String reason(String report) {
        Matcher missing = MISSING.matcher(report);
        if (missing.find()) {
            return Path.of(missing.group(1)).getFileName() + " is missing";
        }
        return Arrays.stream(report.split("\n"))
                .filter(line -> line.contains("Exception: "))
                .findFirst()
                .map(line -> MapIndex.plain(line.replaceFirst("^.*?Exception: ", "")))
                .orElse("Lucene's CheckIndex finds it wrong");
    }

    private static void checkMaps(Path folder, List<Finding> findings) throws IOException {
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            List<MapIndexReader.Segment> due = reader.segments().stream()
                    .filter(MapIndexReader.Segment::lacksGraph)
                    .toList();
            if (!due.isEmpty()) {
                findings.add(new Finding(
                        false,
                        due.stream().mapToInt(MapIndexReader.Segment::maps).sum() + " maps have no graphs yet ("
                                + due.stream()
                                        .map(segment -> "segment " + segment.name())
                                        .collect(Collectors.joining(", "))
                                + "): searches compare them one by one",
                        "squall index check --repair makes them, as does whatever writes the index next"));
            }
            for (boolean ofTrajectories : new boolean[] {true, false}) {
                for (MapIndexReader.Graph graph : reader.graphs(ofTrajectories)) {
                    if (graph.reachable() < graph.nodes()) {
                        findings.add(unreached(graph, ofTrajectories ? "trajectories" : "embeddings"));
                    }
                }
            }
            reader.forEach(map -> {
                for (float p : map.probabilities()) {
                    if (!(p >= 0 && p <= 1.001f)) {
                        findings.add(new Finding(
                                true,
                                "map " + map.id() + " has a probability of " + p,
                                "squall index prune --map " + map.id() + " removes it"));
                        break;
                    }
                }
            });
        }
    }

    private static Finding unreached(MapIndexReader.Graph graph, String what) {
        boolean isDamage = graph.reachable() < REACHABLE_LEAST * graph.nodes();
        return new Finding(
                isDamage,
                String.format(
                        Locale.ROOT,
                        "the graph of %s in segment %s leads to %d of %d maps%s",
                        what,
                        graph.segment(),
                        graph.reachable(),
                        graph.nodes(),
                        isDamage ? "" : ", which is no damage: squall index recall tells what searches miss"),
                isDamage
                        ? "squall index export DIR > FILE and squall index import NEW FILE make new graphs of the same maps"
                        : "");
    }

    /**
     * What was repaired.
     *
     * @param maps lost with damaged segments
     */
    public record Repair(boolean droppedSegments, int maps, boolean removedWeights) {}

    /**
     * Drops damaged segments and damaged weights, if there are any.
     *
     * @throws MapIndexException if another process writes the index, or not even its list of segments can be read
     */
    public static Repair repair(Path folder) {
        MapIndex.quietenLucene();
        try (Directory directory = MapIndex.open(folder);
                CheckIndex check = new CheckIndex(directory, directory.obtainLock(IndexWriter.WRITE_LOCK_NAME))) {
            MapIndex.read(directory, folder);
            check.setInfoStream(new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));
            CheckIndex.Status status = check.checkIndex();
            if (!status.clean) {
                check.exorciseIndex(status);
            }
            WeightsFile weights = new WeightsFile(folder);
            boolean isDamaged = !weights.isSound();
            if (isDamaged) {
                weights.delete();
            }
            return new Repair(!status.clean, status.totLoseDocCount, isDamaged);
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
    }
}
