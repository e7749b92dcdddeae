package dev.squall.index;

import java.io.IOException;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.util.VectorUtil;

/** The vectors of a segment's trajectories, in any order of its documents. For one thread. */
final class TrajectoryVectors {
    private final FloatVectorValues values;

    TrajectoryVectors(LeafReader leaf) throws IOException {
        FloatVectorValues found = leaf.getFloatVectorValues(MapDocuments.TRAJECTORY);
        if (found == null || found.size() != leaf.maxDoc()) {
            throw new IOException("segment " + leaf + " has " + (found == null ? 0 : found.size())
                    + " vectors of trajectories, expected one for each of " + leaf.maxDoc()
                    + " documents: squall index check tells what is damaged");
        }
        values = found;
    }

    /** Of one and the vector of a document. */
    float product(float[] vector, int doc) throws IOException {
        return VectorUtil.dotProduct(vector, values.vectorValue(doc));
    }

    /** Valid until the next vector is asked for. */
    float[] borrow(int doc) throws IOException {
        return values.vectorValue(doc);
    }

    /** An array of its own. */
    float[] of(int doc) throws IOException {
        return values.vectorValue(doc).clone();
    }
}
