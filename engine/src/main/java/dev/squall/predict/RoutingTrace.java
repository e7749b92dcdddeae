package dev.squall.predict;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The routing of many passes, as a model computed it: what any policy needs to be replayed. In memory once read.
 *
 * @param shape the model's
 * @param expertBytes bytes of an expert of each layer, L numbers
 * @param model the fingerprint of the model that made it
 * @param passes in order
 */
public record RoutingTrace(MapShape shape, long[] expertBytes, String model, List<Pass> passes) {
    static final int MAGIC = 0x53515452;
    static final int VERSION = 2;

    /** How many layers ahead a trace knows what the routers would have said. */
    public static final int AHEAD_MAX = 4;

    private static final int PASSES_MAX = 10_000_000;

    /**
     * One forward pass. R observed rows.
     *
     * @param phase what it did
     * @param rowsOfPass all its rows
     * @param positions R
     * @param conversations R
     * @param embeddings R x h
     * @param ahead for distance 1, 2, ... R x J, what the router of that layer says on the embeddings
     * @param layers L
     */
    public record Pass(
            Phase phase,
            int rowsOfPass,
            int[] positions,
            long[] conversations,
            float[] embeddings,
            List<float[]> ahead,
            List<Layer> layers) {
        int rowCount() {
            return positions.length;
        }
    }

    /**
     * One layer of a pass.
     *
     * @param counts J, how many of all the rows chose each expert
     * @param probabilities R x J
     * @param hidden R x h, hidden states scaled to a root mean square of 1, with the precision of halves
     * @param ahead for distance 1, 2, ... R x J, what the router of the layer so far ahead says on this layer's hidden state
     */
    public record Layer(int[] counts, float[] probabilities, float[] hidden, List<float[]> ahead) {}

    /**
     * Reads a trace; a last pass that was not written to its end is left out.
     *
     * @throws IOException if it cannot be read or is no trace; the message says why
     */
    public static RoutingTrace read(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(file + " is a folder, expected a routing trace: write one with --trace-out");
        }
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16))) {
            if (Files.size(file) < 8 || in.readInt() != MAGIC) {
                throw new IOException(file + " is no routing trace: write one with --trace-out");
            }
            int version = in.readInt();
            if (version != VERSION) {
                throw new IOException(
                        file + ": trace version " + version + ", expected " + VERSION + ": record it again");
            }
            return readPasses(file, in);
        } catch (EOFException e) {
            throw new IOException(file + " ends within its header: record it again", e);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
    }

    private static RoutingTrace readPasses(Path file, DataInputStream in) throws IOException {
        MapShape shape = new MapShape(
                inRange(in.readInt(), 4096, "layers"),
                inRange(in.readInt(), 65_536, "experts"),
                inRange(in.readInt(), 65_536, "experts used"),
                inRange(in.readInt(), 1 << 20, "embedding length"));
        String model = in.readUTF();
        long[] expertBytes = new long[shape.layerCount()];
        for (int layer = 0; layer < expertBytes.length; layer++) {
            expertBytes[layer] = in.readLong();
        }
        List<Pass> passes = new ArrayList<>();
        try {
            for (int next = in.read(); next >= 0; next = in.read()) {
                if (passes.size() == PASSES_MAX) {
                    throw new IOException(file + " has more than " + PASSES_MAX + " passes: record fewer");
                }
                passes.add(readPass(in, shape, Phase.ofCode(next)));
            }
        } catch (EOFException torn) {
            return new RoutingTrace(shape, expertBytes, model, List.copyOf(passes));
        }
        return new RoutingTrace(shape, expertBytes, model, List.copyOf(passes));
    }

    private static Pass readPass(DataInputStream in, MapShape shape, Phase phase) throws IOException {
        int rowsOfPass = inRange(in.readInt(), 1 << 20, "rows");
        int rows = inRange(in.readInt(), LayerObservation.ROWS_MAX, "observed rows");
        int[] positions = new int[rows];
        long[] conversations = new long[rows];
        for (int row = 0; row < rows; row++) {
            positions[row] = in.readInt();
            conversations[row] = in.readLong();
        }
        float[] embeddings = floats(in, rows * shape.embeddingLength());
        List<float[]> first = readAhead(in, shape, -1, rows);
        List<Layer> layers = new ArrayList<>();
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            int[] counts = new int[shape.expertCount()];
            for (int expert = 0; expert < counts.length; expert++) {
                counts[expert] = in.readInt();
            }
            float[] probabilities = floats(in, rows * shape.expertCount());
            float[] hidden = new float[rows * shape.embeddingLength()];
            for (int i = 0; i < hidden.length; i++) {
                hidden[i] = Float.float16ToFloat(in.readShort());
            }
            layers.add(new Layer(counts, probabilities, hidden, readAhead(in, shape, layer, rows)));
        }
        return new Pass(phase, rowsOfPass, positions, conversations, embeddings, first, List.copyOf(layers));
    }

    private static List<float[]> readAhead(DataInputStream in, MapShape shape, int layer, int rows) throws IOException {
        List<float[]> ahead = new ArrayList<>();
        for (int distance = 1; distance <= aheadCount(shape, layer); distance++) {
            ahead.add(floats(in, rows * shape.expertCount()));
        }
        return List.copyOf(ahead);
    }

    /** How many look-ahead distributions a layer has, layer -1 being the embeddings. */
    static int aheadCount(MapShape shape, int layer) {
        return Math.min(AHEAD_MAX, shape.layerCount() - 1 - layer);
    }

    private static int inRange(int value, int max, String what) throws IOException {
        if (value < 1 || value > max) {
            throw new IOException("trace has " + value + " " + what + ", expected from 1 to " + max);
        }
        return value;
    }

    private static float[] floats(DataInputStream in, int count) throws IOException {
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = in.readFloat();
        }
        return floats;
    }
}
