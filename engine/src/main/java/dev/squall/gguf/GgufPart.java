package dev.squall.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One mapped and checked file, which is a whole model or a part of a split one.
 *
 * @param bytes the size of the file
 * @param tensorOffsets where in the file the data of each tensor begins
 */
record GgufPart(
        Path file, int version, long bytes, GgufMetadata metadata, List<GgufTensor> tensors, List<Long> tensorOffsets) {
    private static final int MAGIC = 0x46554747;
    private static final Set<Integer> OLD_MAGICS = Set.of(0x67676d6c, 0x67676d66, 0x67676a74, 0x67676c61);
    private static final int METADATA_ENTRY_BYTES_MIN = 8 + 1 + 4 + 1;
    private static final int TENSOR_ENTRY_BYTES_MIN = 8 + 1 + 4 + 8 + 4 + 8;
    private static final String CONVERT_AGAIN =
            "convert the original model again with llama.cpp's convert_hf_to_gguf.py";

    private static final String NO_GGUF = "this is no GGUF file; download the model as one, or make one of the original"
            + " model with llama.cpp's convert_hf_to_gguf.py";

    /** A tensor as its header entry describes it; {@code offset} is relative to the tensor data. */
    private record Entry(String name, BlockType type, List<Long> dimensions, long offset, long bytes) {}

    /**
     * Maps a file and checks all of its header.
     *
     * @param arena owns the mapping
     * @throws GgufFormatException if the file is not one that Squall can read
     */
    static GgufPart map(Path file, Arena arena) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        if (!Files.isRegularFile(file)) {
            throw new GgufFormatException(
                    file,
                    "file",
                    Files.isDirectory(file) ? "a folder" : "a device or the like",
                    "a regular file",
                    "name the .gguf file itself");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return parse(file, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        }
    }

    private static GgufPart parse(Path file, MemorySegment mapped) {
        HeaderCursor cursor = new HeaderCursor(file, mapped);
        if (mapped.byteSize() >= Integer.BYTES) {
            checkMagic(cursor);
        }
        if (mapped.byteSize() < GgufLimits.FIXED_HEADER_BYTES) {
            throw new GgufFormatException(
                    file,
                    "file",
                    mapped.byteSize() + " bytes",
                    "at least " + GgufLimits.FIXED_HEADER_BYTES,
                    "the file is truncated or damaged, download it again");
        }
        int version = version(cursor);
        int tensorCount = cursor.count("tensor count", TENSOR_ENTRY_BYTES_MIN, GgufLimits.TENSORS_MAX);
        int entryCount = cursor.count("metadata count", METADATA_ENTRY_BYTES_MIN, GgufLimits.METADATA_ENTRIES_MAX);
        GgufMetadata metadata = metadata(file, cursor, entryCount);
        int alignment = alignment(file, metadata);
        List<Entry> entries = entries(cursor, tensorCount, alignment);
        long dataOffset = alignUp(cursor.position(), alignment);
        checkPlacement(file, entries, Math.max(0, mapped.byteSize() - dataOffset));
        List<GgufTensor> tensors = new ArrayList<>(tensorCount);
        List<Long> tensorOffsets = new ArrayList<>(tensorCount);
        for (Entry entry : entries) {
            long offset = dataOffset + entry.offset();
            tensors.add(new GgufTensor(
                    entry.name(), entry.type(), entry.dimensions(), mapped.asSlice(offset, entry.bytes())));
            tensorOffsets.add(offset);
        }
        return new GgufPart(
                file, version, mapped.byteSize(), metadata, List.copyOf(tensors), List.copyOf(tensorOffsets));
    }

    private static void checkMagic(HeaderCursor cursor) {
        int magic = cursor.uint32AsBits();
        if (OLD_MAGICS.contains(magic)) {
            throw cursor.failure("a file of the formats before GGUF", "GGUF", CONVERT_AGAIN);
        }
        if (magic != MAGIC) {
            throw cursor.failure("first bytes %08x".formatted(Integer.reverseBytes(magic)), "47475546 (GGUF)", NO_GGUF);
        }
    }

    private static int version(HeaderCursor cursor) {
        int version = cursor.uint32AsBits();
        int swapped = Integer.reverseBytes(version);
        if (version != 0 && swapped > 0 && swapped <= 0xFFFF) {
            throw cursor.failure(
                    "big-endian file of version " + swapped,
                    "a little-endian file",
                    "convert it with gguf-py's gguf_convert_endian.py");
        }
        if (version == 1) {
            throw cursor.failure("version 1, which only existed in August 2023", "version 2 or 3", CONVERT_AGAIN);
        }
        if (version != 2 && version != 3) {
            throw cursor.failure(
                    "version " + Integer.toUnsignedString(version),
                    "version 2 or 3",
                    "the file is damaged, or made for a newer Squall");
        }
        return version;
    }

    private static GgufMetadata metadata(Path file, HeaderCursor cursor, int entryCount) {
        Map<String, GgufValue> values = LinkedHashMap.newLinkedHashMap(entryCount);
        for (int i = 0; i < entryCount; i++) {
            cursor.nowReading("metadata entry " + i);
            String key = cursor.name("key", GgufLimits.KEY_BYTES_MAX);
            cursor.nowReading(GgufMetadata.subject(key));
            if (values.put(key, cursor.value(cursor.valueType())) != null) {
                throw cursor.failure("key given twice", "each key once", null);
            }
        }
        return new GgufMetadata(file, values);
    }

    private static int alignment(Path file, GgufMetadata metadata) {
        return switch (metadata.find(GgufMetadata.ALIGNMENT).orElse(null)) {
            case null -> GgufLimits.ALIGNMENT_DEFAULT;
            case GgufValue.Whole(GgufValueType type, long alignment)
            when type == GgufValueType.UINT32 && isAlignment(alignment) -> (int) alignment;
            case GgufValue value ->
                throw new GgufFormatException(
                        file,
                        GgufMetadata.subject(GgufMetadata.ALIGNMENT),
                        value.type() + " " + value.display(40),
                        "a uint32 that is a power of two up to " + GgufLimits.ALIGNMENT_MAX,
                        null);
        };
    }

    /** Whether general.alignment may have this value. */
    static boolean isAlignment(long alignment) {
        return alignment >= 1 && alignment <= GgufLimits.ALIGNMENT_MAX && Long.bitCount(alignment) == 1;
    }

    /** The next multiple of the alignment; the position must be a position in a file, far from overflow. */
    static long alignUp(long position, int alignment) {
        return (position + alignment - 1) & -alignment;
    }

    private static List<Entry> entries(HeaderCursor cursor, int tensorCount, int alignment) {
        List<Entry> entries = new ArrayList<>(tensorCount);
        Set<String> names = HashSet.newHashSet(tensorCount);
        for (int i = 0; i < tensorCount; i++) {
            cursor.nowReading("tensor entry " + i);
            String name = cursor.name("name", GgufLimits.TENSOR_NAME_BYTES_MAX);
            cursor.nowReading(subject(name));
            if (!names.add(name)) {
                throw cursor.failure("name given twice", "each name once", null);
            }
            entries.add(entry(cursor, name, alignment));
        }
        return entries;
    }

    private static Entry entry(HeaderCursor cursor, String name, int alignment) {
        int rank = cursor.uint32AsBits();
        if (rank < 1 || rank > GgufLimits.RANK_MAX) {
            throw cursor.failure(Integer.toUnsignedString(rank) + " dimensions", "1 to " + GgufLimits.RANK_MAX, null);
        }
        List<Long> dimensions = new ArrayList<>(rank);
        long elements = 1;
        for (int i = 0; i < rank; i++) {
            long dimension = cursor.uint64AsBits();
            if (dimension < 1 || dimension > GgufLimits.TENSOR_ELEMENTS_MAX / elements) {
                throw cursor.failure(
                        "dim[%d]=%s".formatted(i, Long.toUnsignedString(dimension)),
                        "at least 1, and at most %d elements in all".formatted(GgufLimits.TENSOR_ELEMENTS_MAX),
                        null);
            }
            elements *= dimension;
            dimensions.add(dimension);
        }
        int typeId = cursor.uint32AsBits();
        BlockType type = BlockType.fromId(typeId).orElseThrow(() -> unsupportedType(cursor, typeId));
        if (dimensions.getFirst() % type.blockElements() != 0) {
            throw cursor.failure(
                    "dim[0]=" + dimensions.getFirst(),
                    "a multiple of %d for type %s".formatted(type.blockElements(), type),
                    null);
        }
        long offset = cursor.uint64AsBits();
        if (offset < 0 || offset % alignment != 0) {
            throw cursor.failure(
                    "offset " + Long.toUnsignedString(offset),
                    "a multiple of %d (%s)".formatted(alignment, GgufMetadata.ALIGNMENT),
                    null);
        }
        return new Entry(name, type, List.copyOf(dimensions), offset, type.rowBytes(elements));
    }

    private static GgufFormatException unsupportedType(HeaderCursor cursor, int typeId) {
        return cursor.failure(
                "type %s (%s)".formatted(Integer.toUnsignedString(typeId), BlockType.ggmlName(typeId)),
                "one of " + List.of(BlockType.values()),
                "quantise the original model to one of these, for example with llama-quantize to Q4_K_M");
    }

    /** Checks that every tensor lies within the data and that no two share a byte. */
    private static void checkPlacement(Path file, List<Entry> entries, long dataBytes) {
        List<Entry> byOffset = new ArrayList<>(entries);
        byOffset.sort(Comparator.comparingLong(Entry::offset));
        long end = 0;
        String endOf = "";
        for (Entry entry : byOffset) {
            if (entry.bytes() > dataBytes || entry.offset() > dataBytes - entry.bytes()) {
                throw new GgufFormatException(
                        file,
                        subject(entry.name()),
                        "%d bytes at offset %d of the tensor data".formatted(entry.bytes(), entry.offset()),
                        "an end within its %d bytes".formatted(dataBytes),
                        "the file is truncated or damaged, download it again");
            }
            if (entry.offset() < end) {
                throw new GgufFormatException(
                        file,
                        subject(entry.name()),
                        "offset %d of the tensor data".formatted(entry.offset()),
                        "at least %d, where %s ends".formatted(end, subject(endOf)),
                        null);
            }
            end = entry.offset() + entry.bytes();
            endOf = entry.name();
        }
    }

    static String subject(String tensorName) {
        return "tensor " + Printable.quoted(tensorName);
    }

    /** Where the data of tensor {@code index} lies. */
    TensorLocation location(int index) {
        return new TensorLocation(
                file, tensorOffsets.get(index), tensors.get(index).bytes());
    }
}
