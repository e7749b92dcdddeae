package dev.squall.predict;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a {@link RoutingTrace}, a pass at a time: each is in the file when its last layer has been routed. */
public final class TraceWriter implements AutoCloseable {
    private final Path file;
    private final MapShape shape;
    private final DataOutputStream out;
    private final float[] ahead;

    /** Begins a trace, in place of a file that is there. */
    public TraceWriter(Path file, MapShape shape, long[] expertBytes, String model) throws IOException {
        this.file = file;
        this.shape = shape;
        ahead = new float[shape.expertCount()];
        out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), 1 << 16));
        try {
            writeHead(expertBytes, model);
        } catch (IOException e) {
            IOException failure = new IOException(failed(e).getMessage(), e);
            try {
                out.close();
            } catch (IOException again) {
                failure.addSuppressed(again);
            }
            throw failure;
        }
    }

    private void writeHead(long[] expertBytes, String model) throws IOException {
        out.writeInt(RoutingTrace.MAGIC);
        out.writeInt(RoutingTrace.VERSION);
        out.writeInt(shape.layerCount());
        out.writeInt(shape.expertCount());
        out.writeInt(shape.usedCount());
        out.writeInt(shape.embeddingLength());
        out.writeUTF(model);
        for (long bytes : expertBytes) {
            out.writeLong(bytes);
        }
        out.flush();
    }

    void onPass(PassObservation pass, int rowsOfPass) {
        try {
            out.writeByte(pass.phase().code());
            out.writeInt(rowsOfPass);
            out.writeInt(pass.rowCount());
            for (int row = 0; row < pass.rowCount(); row++) {
                out.writeInt(pass.positions()[row]);
                out.writeLong(pass.conversations()[row]);
            }
            write(pass.embeddings(), pass.rowCount() * shape.embeddingLength());
            writeAhead(pass.gates(), -1, pass.rowCount());
        } catch (IOException e) {
            throw failed(e);
        }
    }

    void onRouted(LayerObservation observed) {
        try {
            for (int count : observed.counts()) {
                out.writeInt(count);
            }
            write(observed.probabilities(), observed.rowCount() * shape.expertCount());
            for (int i = 0; i < observed.rowCount() * shape.embeddingLength(); i++) {
                out.writeShort(Float.floatToFloat16(observed.hidden()[i]));
            }
            writeAhead(observed.gates(), observed.layer(), observed.rowCount());
            if (observed.layer() == shape.layerCount() - 1) {
                out.flush();
            }
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private void writeAhead(LayerObservation.GateAhead gates, int layer, int rows) throws IOException {
        for (int distance = 1; distance <= RoutingTrace.aheadCount(shape, layer); distance++) {
            for (int row = 0; row < rows; row++) {
                gates.distribution(row, distance, ahead, 0);
                write(ahead, ahead.length);
            }
        }
    }

    private void write(float[] values, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            out.writeFloat(values[i]);
        }
    }

    private UncheckedIOException failed(IOException e) {
        return new UncheckedIOException("the trace " + file + " cannot be written: " + e.getMessage(), e);
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw failed(e);
        }
    }
}
