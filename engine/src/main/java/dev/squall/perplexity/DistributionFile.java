package dev.squall.perplexity;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Distributions over a text that one model gave, kept for comparing others with it. Big endian: magic "SQPL", version,
 * tokens of a window, windows, size of the vocabulary, number of tokens, the tokens; then for each scored position the
 * greatest ln p and a step as 32-bit floats, and little endian for each token how many steps of 16 bits it is below. What
 * is more than {@value #RANGE} below the greatest is kept as {@value #RANGE} below.
 */
public final class DistributionFile {
    private static final int MAGIC = 0x5351504c;
    private static final int VERSION = 1;
    private static final int STEPS = 65_535;

    /** Natural logarithms: more than any model sets between two tokens. */
    private static final float RANGE = 64;

    private static final int TOKENS_MAX = 1 << 28;

    private DistributionFile() {}

    /** Writes one; close it, or the file is not whole. */
    public static final class Writer implements AutoCloseable {
        private final Path file;
        private final DataOutputStream out;
        private final ByteBuffer row;

        public Writer(Path file, TextChunks chunks, int vocabularySize) throws IOException {
            this.file = file;
            out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), 1 << 16));
            row = ByteBuffer.allocate(Math.multiplyExact(2, vocabularySize)).order(ByteOrder.LITTLE_ENDIAN);
            out.writeInt(MAGIC);
            out.writeInt(VERSION);
            out.writeInt(chunks.length());
            out.writeInt(chunks.count());
            out.writeInt(vocabularySize);
            int[] tokens = Arrays.copyOf(chunks.tokens(), chunks.length() * chunks.count());
            out.writeInt(tokens.length);
            for (int token : tokens) {
                out.writeInt(token);
            }
        }

        /** @param logs ln p of the whole vocabulary */
        void write(float[] logs) throws IOException {
            float greatest = logs[0];
            float least = logs[0];
            for (float log : logs) {
                greatest = Math.max(greatest, log);
                least = Math.min(least, log);
            }
            float step = Math.min(RANGE, greatest - least) / STEPS;
            row.clear();
            for (float log : logs) {
                row.putShort((short) (step == 0 ? 0 : Math.min(STEPS, Math.round((greatest - log) / step))));
            }
            try {
                out.writeFloat(greatest);
                out.writeFloat(step);
                out.write(row.array());
            } catch (IOException e) {
                throw cannotBeWritten(e);
            }
        }

        private IOException cannotBeWritten(IOException e) {
            return new IOException(
                    file + ": distributions cannot be written (" + e.getMessage()
                            + "): make room, or name another file",
                    e);
        }

        @Override
        public void close() throws IOException {
            try {
                out.close();
            } catch (IOException e) {
                throw cannotBeWritten(e);
            }
        }
    }

    /** Reads one, position by position. */
    public static final class Reader implements AutoCloseable {
        private final Path file;
        private final DataInputStream in;
        private final byte[] row;

        /**
         * Opens a file of the same text.
         *
         * @throws IOException if it is no such file, or of another text, window or vocabulary; the message says which
         */
        public Reader(Path file, TextChunks chunks, int vocabularySize) throws IOException {
            this.file = file;
            if (Files.isDirectory(file)) {
                throw new IOException(file + " is a folder, expected distributions: write them with --save-base");
            }
            in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16));
            row = new byte[Math.multiplyExact(2, vocabularySize)];
            boolean opened = false;
            try {
                readHeader(chunks, vocabularySize);
                opened = true;
            } catch (EOFException e) {
                throw endsEarly(e);
            } finally {
                if (!opened) {
                    in.close();
                }
            }
        }

        private void readHeader(TextChunks chunks, int vocabularySize) throws IOException {
            if (in.readInt() != MAGIC) {
                throw new IOException(file + " holds no distributions: write them with --save-base");
            }
            require("version", in.readInt(), VERSION);
            require("--ctx-size", in.readInt(), chunks.length());
            int count = in.readInt();
            if (count < chunks.count()) {
                throw new IOException(file + " has " + count + " windows, expected at least " + chunks.count()
                        + ": give --chunks " + count);
            }
            require("vocabulary size", in.readInt(), vocabularySize);
            int tokens = in.readInt();
            if (tokens < chunks.length() * chunks.count() || tokens > TOKENS_MAX) {
                throw new IOException(file + " is damaged: " + tokens + " tokens: write it again with --save-base");
            }
            for (int i = 0; i < tokens; i++) {
                int token = in.readInt();
                if (i < chunks.length() * chunks.count() && token != chunks.tokens()[i]) {
                    throw new IOException(file + " is of another text or vocabulary: token " + i + " is " + token
                            + ", expected " + chunks.tokens()[i]);
                }
            }
        }

        private void require(String what, int actual, int expected) throws IOException {
            if (actual != expected) {
                throw new IOException(file + ": " + what + " " + actual + ", expected " + expected
                        + ": use the same, or write it again with --save-base");
            }
        }

        /** The next position's ln p of the whole vocabulary. */
        void read(float[] logs) throws IOException {
            try {
                float greatest = in.readFloat();
                float step = in.readFloat();
                in.readFully(row);
                ByteBuffer steps = ByteBuffer.wrap(row).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < logs.length; i++) {
                    logs[i] = greatest - step * Short.toUnsignedInt(steps.getShort());
                }
            } catch (EOFException e) {
                throw endsEarly(e);
            }
        }

        private IOException endsEarly(EOFException e) {
            return new IOException(file + " ends early: write it again with --save-base", e);
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
