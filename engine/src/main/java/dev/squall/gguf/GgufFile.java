package dev.squall.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A model in GGUF, in one file or in parts, mapped into memory. Everything the header says is checked when it is opened,
 * so that all tensors lie within their files. Owns the mappings: after {@link #close()} no tensor may be read. Any thread
 * may read; one thread closes, when the others are done.
 */
public final class GgufFile implements AutoCloseable {
    private final Arena arena;
    private final List<GgufPart> parts;
    private final SequencedMap<String, GgufTensor> tensors;
    private final SequencedMap<String, TensorLocation> locations;

    private GgufFile(
            Arena arena,
            List<GgufPart> parts,
            SequencedMap<String, GgufTensor> tensors,
            SequencedMap<String, TensorLocation> locations) {
        this.arena = arena;
        this.parts = List.copyOf(parts);
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
        this.locations = locations;
    }

    /**
     * Opens a model of version 2 or 3, little endian. Of a split model the first part is named, and the others are found
     * beside it by name ({@code NAME-00002-of-00003.gguf}).
     *
     * @throws GgufFormatException if a file is malformed, not supported, or not the part of the model it should be
     * @throws IOException if a file cannot be read
     */
    public static GgufFile open(Path file) throws IOException {
        Arena arena = Arena.ofShared();
        boolean opened = false;
        try {
            GgufPart first = GgufPart.map(file, arena);
            GgufFile model = merge(arena, SplitParts.mapAll(first, arena));
            opened = true;
            return model;
        } finally {
            if (!opened) {
                arena.close();
            }
        }
    }

    private static GgufFile merge(Arena arena, List<GgufPart> parts) {
        SequencedMap<String, GgufTensor> tensors = new LinkedHashMap<>();
        SequencedMap<String, TensorLocation> locations = new LinkedHashMap<>();
        for (GgufPart part : parts) {
            for (int i = 0; i < part.tensors().size(); i++) {
                GgufTensor tensor = part.tensors().get(i);
                TensorLocation earlier = locations.put(tensor.name(), part.location(i));
                if (earlier != null) {
                    throw new GgufFormatException(
                            part.file(),
                            GgufPart.subject(tensor.name()),
                            "name also in " + Printable.text(earlier.file().toString()),
                            "each name in one part",
                            null);
                }
                tensors.put(tensor.name(), tensor);
            }
        }
        return new GgufFile(arena, parts, tensors, locations);
    }

    /** The metadata, of a split model that of its first part. */
    public GgufMetadata metadata() {
        return parts.getFirst().metadata();
    }

    /** All tensors by name, in the order of the file and of the parts. */
    public SequencedMap<String, GgufTensor> tensors() {
        return tensors;
    }

    /** The tensor of this name, if there is one. */
    public Optional<GgufTensor> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /**
     * The tensor of this name.
     *
     * @throws GgufFormatException if there is none
     */
    public GgufTensor require(String name) {
        GgufTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw missing(name);
        }
        return tensor;
    }

    /**
     * Where on disk the tensor of this name lies.
     *
     * @throws GgufFormatException if there is none
     */
    public TensorLocation location(String name) {
        TensorLocation location = locations.get(name);
        if (location == null) {
            throw missing(name);
        }
        return location;
    }

    private GgufFormatException missing(String name) {
        return new GgufFormatException(
                parts.getFirst().file(), GgufPart.subject(name), "missing", "a tensor of this name", null);
    }

    /** The version of the format, 2 or 3. */
    public int version() {
        return parts.getFirst().version();
    }

    /** The file, or all parts in order. */
    public List<Path> paths() {
        return parts.stream().map(GgufPart::file).toList();
    }

    /** The size of all parts. */
    public long bytes() {
        return parts.stream().mapToLong(GgufPart::bytes).sum();
    }

    /** Unmaps the files. Does nothing when closed already. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
