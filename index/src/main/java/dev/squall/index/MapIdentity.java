package dev.squall.index;

import dev.squall.predict.MapOrigin;
import java.nio.ByteBuffer;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.StringHelper;

/**
 * What tells that two maps are the same observation, whatever their numbers are: 128 bits of a hash of when and how it was
 * made and of its probabilities.
 */
record MapIdentity(long high, long low) {
    /** @param probabilities L x J halves */
    static MapIdentity of(MapOrigin origin, BytesRef probabilities) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + 4 * Integer.BYTES + probabilities.length);
        bytes.putLong(origin.epochMillis());
        bytes.putInt(origin.phase().code());
        bytes.putInt(origin.position());
        bytes.putInt(origin.hits());
        bytes.putInt(origin.misses());
        bytes.put(probabilities.bytes, probabilities.offset, probabilities.length);
        long[] hash = StringHelper.murmurhash3_x64_128(new BytesRef(bytes.array()));
        return new MapIdentity(hash[0], hash[1]);
    }
}
