package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.predict.MapShape;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MapIndexTest {
    private static final MapShape SHAPE = new MapShape(4, 16, 2, 32);

    @TempDir
    private Path folder;

    @Test
    void tellsInPlainWordsWhyAFolderCannotBeUsedAndWhatHelps() {
        assertThat(message(new AccessDeniedException("maps/write.lock")))
                .isEqualTo("permission denied: maps/write.lock: make it writable for yourself, or name another folder");
        assertThat(message(new NotDirectoryException("maps"))).isEqualTo("maps is a file: name a folder");
        assertThat(message(new NoSuchFileException("maps/_0.vec")))
                .isEqualTo("maps/_0.vec is not there: see that nobody deletes it meanwhile, or name another folder");
        assertThat(message(new FileSystemException("maps/_0.vec", null, "No space left on device")))
                .isEqualTo(
                        "maps/_0.vec: no space left on device: make room on the disk, or name a folder on another one");
        assertThat(message(new IOException("No space left on device")))
                .isEqualTo("no space left on device: make room on the disk, or name a folder on another one");
        assertThat(message(new FileSystemException("maps/_0.vec", null, "Read-only file system")))
                .isEqualTo("maps/_0.vec: read-only file system: name a folder that can be written to");
        assertThat(message(new FileSystemException("maps"))).startsWith("maps: see that the folder is writable");
        assertThat(message(new IOException())).startsWith("see that the folder is writable");
    }

    @Test
    void namesTheFileThatLuceneFindsDamagedAndNoClass() {
        assertThat(MapIndex.plain("codec footer mismatch (file truncated?): actual footer=1 vs expected footer=2"
                        + " (resource=MemorySegmentIndexInput(path=\"/maps/_3_Lucene99HnswVectorsFormat_0.vec\"))"))
                .isEqualTo(
                        "_3_Lucene99HnswVectorsFormat_0.vec: codec footer mismatch (file truncated?): actual footer=1"
                                + " vs expected footer=2");
        assertThat(MapIndex.plain("checksum failed (hardware problem?) : expected=a actual=b"
                        + " (resource=BufferedChecksumIndexInput(MemorySegmentIndexInput(path=\"/maps/_0.dvd\")))"))
                .isEqualTo("_0.dvd: checksum failed: expected=a actual=b");
        assertThat(MapIndex.plain("Unexpected file read error while reading index."
                        + " (resource=BufferedChecksumIndexInput(MemorySegmentIndexInput(path=\"maps/segments_4\")))"))
                .isEqualTo("segments_4: unexpected file read error while reading index");
        assertThat(MapIndex.plain("a number is wrong")).isEqualTo("a number is wrong");
    }

    private static String message(IOException cause) {
        String all = String.valueOf(MapIndex.failed(Path.of("maps"), cause).getMessage());
        assertThat(all).startsWith("index maps cannot be read or written: ").doesNotContain("Exception");
        return all.substring("index maps cannot be read or written: ".length());
    }

    @Test
    void saysThatAFileIsInTheWayOfItsFolder() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        for (Path index : new Path[] {file, file.resolve("maps"), file.resolve("more/maps")}) {
            assertThatThrownBy(() -> LuceneExpertMapStore.open(index, SHAPE, "model", 100, 2))
                    .isInstanceOf(MapIndexException.class)
                    .message()
                    .contains(file.toString())
                    .doesNotContain("Exception")
                    .containsPattern(" is a file: name a folder$|: a file is in the way: name another folder$");
        }
    }
}
