package dev.squall.model;

import dev.squall.gguf.GgufMetadata;

/**
 * The numbers under an architecture's keys, each held to a range.
 *
 * @param metadata the file's
 * @param prefix the architecture's name and a dot
 * @param source the file, for messages
 */
record ModelKeys(GgufMetadata metadata, String prefix, String source) {

    /** No model in sight comes near; a file beyond it is broken. */
    private static final int SIZE_MAX = 1 << 20;

    boolean has(String key) {
        return metadata.contains(prefix + key);
    }

    /** A size, at least 1. */
    int size(String key) {
        return whole(key, 1, SIZE_MAX);
    }

    int size(String key, int otherwise) {
        return has(key) ? size(key) : otherwise;
    }

    int size(String key, int otherwise, int most) {
        return has(key) ? whole(key, 1, most) : otherwise;
    }

    /**
     * Refuses a length of which there are so many that all together are no size.
     *
     * @param key of the length
     * @param count how many there are, and {@code what} they are
     */
    void requireRoom(String key, int length, int count, String what) {
        if ((long) length * count > SIZE_MAX) {
            throw wrong(key, length, "at most " + SIZE_MAX / count + ", as there are " + count + " (" + what + ")");
        }
    }

    /** A number of things, which may be 0. */
    int count(String key, int otherwise) {
        return has(key) ? whole(key, 0, SIZE_MAX) : otherwise;
    }

    private int whole(String key, int least, int most) {
        int value = metadata.int32(prefix + key);
        if (value < least || value > most) {
            throw wrong(key, value, "from " + least + " to " + most);
        }
        return value;
    }

    float number(String key, float least, float most) {
        float value = metadata.float32(prefix + key);
        if (!(value >= least && value <= most)) {
            throw wrong(key, value, "from " + least + " to " + most);
        }
        return value;
    }

    float number(String key, float least, float most, float otherwise) {
        return has(key) ? number(key, least, most) : otherwise;
    }

    boolean flag(String key, boolean otherwise) {
        return metadata.boolOrElse(prefix + key, otherwise);
    }

    String text(String key, String otherwise) {
        return metadata.stringOrElse(prefix + key, otherwise);
    }

    ModelException wrong(String key, Number actual, String expected) {
        return new ModelException(prefix + key + "=" + actual + ", expected " + expected + " in " + source);
    }

    ModelException wrong(String key, String actual, String expected) {
        return new ModelException(prefix + key + ": " + actual + ", expected " + expected + " in " + source);
    }
}
