package dev.squall.predict;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** Arrays of weights on their way to a file and back. */
final class Weights {
    private Weights() {}

    static void write(float[] values, DataOutput out) throws IOException {
        for (float value : values) {
            out.writeFloat(value);
        }
    }

    /** Fills the array. */
    static void read(float[] values, DataInput in) throws IOException {
        for (int i = 0; i < values.length; i++) {
            values[i] = in.readFloat();
        }
    }

    static void write(double[] values, DataOutput out) throws IOException {
        for (double value : values) {
            out.writeDouble(value);
        }
    }

    /** Fills the array. */
    static void read(double[] values, DataInput in) throws IOException {
        for (int i = 0; i < values.length; i++) {
            values[i] = in.readDouble();
        }
    }
}
