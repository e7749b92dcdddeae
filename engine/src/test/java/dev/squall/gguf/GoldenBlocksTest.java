package dev.squall.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Holds {@link BlockCodec} to what ggml computed. */
class GoldenBlocksTest {
    @Test
    void decodesEveryBlockToTheBitsOfGgml() throws IOException {
        Set<BlockType> seen = EnumSet.noneOf(BlockType.class);
        for (String[] line : GoldenBlocks.read()) {
            if (line[0].equals("decode")) {
                BlockType type = BlockType.valueOf(line[1]);
                float[] decoded = new float[type.blockElements()];
                MemorySegment block = MemorySegment.ofArray(HexFormat.of().parseHex(line[2]));
                BlockCodec.decode(type, block, 0, decoded, 0, decoded.length);
                assertThat(GoldenBlocks.hex(decoded)).as("%s %s", type, line[2]).isEqualTo(line[3]);
                seen.add(type);
            }
        }
        assertThat(seen)
                .isEqualTo(Arrays.stream(BlockType.values())
                        .filter(type -> type.blockElements() > 1)
                        .collect(Collectors.toSet()));
    }

    @Test
    void encodesToTheBytesOfGgmlWhereItSaysSo() throws IOException {
        Set<BlockType> seen = EnumSet.noneOf(BlockType.class);
        for (String[] line : GoldenBlocks.read()) {
            if (line[0].equals("encode")) {
                BlockType type = BlockType.valueOf(line[1]);
                float[] floats = GoldenBlocks.floats(line[2]);
                byte[] block = new byte[type.blockBytes()];
                BlockCodec.encode(type, floats, 0, floats.length, MemorySegment.ofArray(block), 0);
                assertThat(HexFormat.of().formatHex(block)).as("%s", type).isEqualTo(line[3]);
                seen.add(type);
            }
        }
        assertThat(seen).isEqualTo(GoldenBlocks.SAME_ENCODING);
    }
}
