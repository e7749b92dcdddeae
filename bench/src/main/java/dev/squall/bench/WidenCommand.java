package dev.squall.bench;

import dev.squall.gguf.BlockType;
import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufTensor;
import dev.squall.gguf.GgufValue;
import dev.squall.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench widen}. */
@Command(
        name = "widen",
        description = "Add neurons that do nothing to every expert: the same answers and routing, in a larger file.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class WidenCommand implements Callable<Integer> {
    /** Zeros are written, so that no file system keeps them as a hole. */
    private static final int CHUNK_BYTES = 1 << 20;

    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "FILE",
            description = "The model, without expert biases.")
    private Path model = Path.of("");

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE",
            description = "The file to write; one that is there is replaced.")
    private Path out = Path.of("");

    @Option(names = "--width", required = true, paramLabel = "N", description = "Neurons of an expert, old and new.")
    private int width;

    @Override
    public Integer call() throws IOException {
        try (GgufFile file = GgufFile.open(model)) {
            String architecture = file.metadata().string("general.architecture");
            String key = architecture + ".expert_feed_forward_length";
            int old = file.metadata().int32(key);
            if (width <= old) {
                throw new BenchException("--width " + width + ", expected more than the " + old + " of " + model);
            }
            GgufWriter writer = new GgufWriter();
            file.metadata().entries().forEach((name, value) -> {
                if (name.equals(key)) {
                    writer.metadata(name, GgufValue.uint32(width));
                } else {
                    writer.metadata(name, value);
                }
            });
            for (GgufTensor tensor : file.tensors().values()) {
                add(writer, tensor);
            }
            writer.write(out);
        }
        System.err.printf("%s: %,d bytes%n", out, Files.size(out));
        return 0;
    }

    private void add(GgufWriter writer, GgufTensor tensor) {
        if (tensor.name().matches("blk\\.\\d+\\.ffn_(gate|up)_exps\\.weight")) {
            long expertBytes = tensor.bytes() / tensor.dimension(2);
            long newBytes = Math.multiplyExact(tensor.rowBytes(), (long) width);
            writer.tensor(
                    tensor.name(),
                    tensor.type(),
                    dimensions(tensor, 1),
                    sink -> writePadded(sink, tensor.data(), expertBytes, newBytes));
        } else if (tensor.name().matches("blk\\.\\d+\\.ffn_down_exps\\.weight")) {
            BlockType type = tensor.type();
            writer.tensor(
                    tensor.name(),
                    type,
                    dimensions(tensor, 0),
                    sink -> writePadded(sink, tensor.data(), tensor.rowBytes(), type.rowBytes(width)));
        } else {
            writer.tensor(tensor);
        }
    }

    private List<Long> dimensions(GgufTensor tensor, int widened) {
        List<Long> dimensions = new ArrayList<>(tensor.dimensions());
        dimensions.set(widened, (long) width);
        return dimensions;
    }

    /** Pieces of the old length, each followed by zeros up to the new one; zero bytes are zeros in every block type. */
    private static void writePadded(GgufWriter.Sink sink, MemorySegment data, long oldBytes, long newBytes)
            throws IOException {
        MemorySegment zeros = MemorySegment.ofArray(new byte[CHUNK_BYTES]);
        for (long at = 0; at < data.byteSize(); at += oldBytes) {
            sink.write(data.asSlice(at, oldBytes));
            for (long left = newBytes - oldBytes; left > 0; left -= CHUNK_BYTES) {
                sink.write(zeros.asSlice(0, Math.min(CHUNK_BYTES, left)));
            }
        }
    }
}
