package dev.squall.cli.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.cli.process.CommandFailure;
import dev.squall.index.MapIndex;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.Phase;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ExportedLineTest {
    private static final long SEED = Long.getLong("squall.seed", 11);
    private static final String LINE = "{\"id\":7,\"model\":\"m1\",\"used\":2,\"epoch_millis\":1790000000000,\"phase\":"
            + "\"prefill\",\"position\":16,\"conversation\":1,\"hits\":0,\"misses\":3,\"probabilities\":[[0.25,0.75],"
            + "[1E-7,0.999]],\"embedding\":[-0.5,0,12.75],\"continuation\":\"BQECAwQ=\"}";

    /** The same with numbers as halves: 0.25, 0.75, 0.5 and 0.5, then -0.5 and 0.75. */
    private static final String PACKED = "{\"id\":7,\"model\":\"m1\",\"used\":2,\"epoch_millis\":1790000000000,"
            + "\"phase\":\"prefill\",\"position\":16,\"conversation\":1,\"hits\":0,\"misses\":3,\"layers\":2,"
            + "\"probabilities\":\"ADQAOgA4ADg=\",\"embedding\":\"ALgAOg==\",\"continuation\":\"BQECAwQ=\"}";

    /** What reading any JSON makes of a line; null if it refuses it. */
    private static @Nullable IndexLine parsed(byte[] line) {
        try {
            return IndexLine.parse(line, 0, line.length, "here");
        } catch (CommandFailure e) {
            return null;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void readsEveryHalfAsAnyJsonIsRead() {
        MapShape shape = new MapShape(1, 2, 1, 64);
        ExportedLine exported = new ExportedLine();
        for (int from = 0; from < 1 << Short.SIZE; from += 64) {
            float[] embedding = new float[64];
            for (int i = 0; i < embedding.length; i++) {
                float half = Float.float16ToFloat((short) (from + i));
                embedding[i] = Float.isFinite(half) ? half : 1;
            }
            embedding[63] = 1;
            StoredMap map = new StoredMap(
                    from,
                    new MapOrigin(from, Phase.DECODE, 1, 2, 3, 4),
                    embedding,
                    new float[] {0.5f, 0.25f},
                    from % 128 == 0 ? new byte[0] : new byte[] {5, 1, 2});
            for (boolean areDecimals : new boolean[] {false, true}) {
                IndexLineWriter writer = new IndexLineWriter(new MapIndex("model", shape), areDecimals);
                writer.write(map);
                byte[] line = writer.bytes();
                IndexLine quickly = Objects.requireNonNull(exported.parse(line, 0, line.length));
                assertThat(quickly).usingRecursiveComparison().isEqualTo(parsed(line));
            }
        }
    }

    @Test
    void leavesToOthersWhatIsWrittenInAnyOtherWay() {
        ExportedLine exported = new ExportedLine();
        byte[] plain = bytes(" ".repeat(3) + LINE + "\r\n");
        assertThat(exported.parse(plain, 3, plain.length - 3)).isNotNull();
        for (String other : new String[] {
            LINE.replace("0.25", "00.25"),
            LINE.replace("0.25", "0."),
            LINE.replace("0.25", "0.:"),
            LINE.replace("0.25", "0.2 "),
            LINE.replace("0.25", "0,25"),
            LINE.replace("0.25", "--0.25"),
            LINE.replace("0.25", "0.-25"),
            LINE.replace("0.25", ".25"),
            LINE.replace("0.25", "1.25"),
            LINE.replace("0.25", "-0.25"),
            LINE.replace("0.25", "0.2500000000000000000001"),
            LINE.replace("0.25", "1E-30"),
            LINE.replace("0.25,", ""),
            LINE.replace("-0.5,0,12.75", "0,0,0"),
            LINE.replace("m1", "m\\u0031"),
            LINE.replace("m1", "mä"),
            LINE.replace("prefill", "Prefill"),
            LINE.replace("\"hits\":0", "\"hits\":99999999999"),
            LINE.replace("\"hits\":0", "\"hits\": 0"),
            LINE.replace("BQECAwQ=", "A"),
            LINE + "{",
            LINE.substring(0, LINE.length() - 1),
            ""
        }) {
            byte[] line = bytes(other);
            assertThat(exported.parse(line, 0, line.length)).as(other).isNull();
        }
    }

    @Test
    void leavesToOthersHalvesThatAreNoMap() {
        ExportedLine exported = new ExportedLine();
        byte[] plain = bytes(PACKED);
        assertThat(exported.parse(plain, 0, plain.length)).isNotNull();
        String zeros = "AAAAAAA4ADg=";
        String negative = "ALQAOgA4ADg=";
        String endless = "AHwAOgA4ADg=";
        for (String other : new String[] {
            PACKED.replace("ADQAOgA4ADg=", zeros),
            PACKED.replace("ADQAOgA4ADg=", negative),
            PACKED.replace("ADQAOgA4ADg=", endless),
            PACKED.replace("ADQAOgA4ADg=", "ADQAOgA4"),
            PACKED.replace("ADQAOgA4ADg=", ""),
            PACKED.replace("ADQAOgA4ADg=", "AD!AOgA4ADg="),
            PACKED.replace("ALgAOg==", "AHwAOg=="),
            PACKED.replace("ALgAOg==", "AAAAAA=="),
            PACKED.replace("ALgAOg==", ""),
            PACKED.replace("BQECAwQ=", "/wECAwQ="),
            PACKED.replace("\"layers\":2", "\"layers\":3"),
            PACKED.replace("\"layers\":2", "\"layers\":0"),
        }) {
            byte[] line = bytes(other);
            assertThat(exported.parse(line, 0, line.length)).as(other).isNull();
            assertThat(parsed(line)).as(other).isNull();
        }
    }

    @Test
    void readsNothingElseThanAnyJsonReaderWould() {
        Random random = new Random(SEED);
        ExportedLine exported = new ExportedLine();
        String put = "0123456789.,-eE[]{}\":\\ a\n";
        int accepted = 0;
        for (int trial = 0; trial < 40_000; trial++) {
            byte[] line = bytes(trial % 2 == 0 ? LINE : PACKED);
            for (int change = random.nextInt(3); change >= 0; change--) {
                line[random.nextInt(line.length)] = (byte) put.charAt(random.nextInt(put.length()));
            }
            IndexLine read = exported.parse(line, 0, line.length);
            if (read != null) {
                accepted++;
                assertThat(read)
                        .as("seed %d: %s", SEED, new String(line, StandardCharsets.UTF_8))
                        .usingRecursiveComparison()
                        .isEqualTo(parsed(line));
            }
        }
        assertThat(accepted).isGreaterThan(1000);
    }
}
