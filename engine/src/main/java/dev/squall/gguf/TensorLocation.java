package dev.squall.gguf;

import java.nio.file.Path;

/**
 * Where the data of a tensor lies on disk, for readers that go around the mapping.
 *
 * @param file the file, or the part of a split file
 * @param offset bytes from the start of that file
 * @param bytes the length of the data
 */
public record TensorLocation(Path file, long offset, long bytes) {}
