package dev.squall.predict;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.Eviction;
import dev.squall.expert.Evictions;
import dev.squall.expert.PrefetchPlan;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * MoE-Infinity: how often a request has used each expert so far is compared with such matrices of earlier requests; the
 * nearest one predicts all later layers, near ones more than far ones. A request ends where the prefill of the next
 * conversation begins.
 */
final class ActivationMatrixPolicy implements PrefetchPolicy {
    private final MapShape shape;
    private final int capacity;
    private final List<float[]> requests = new ArrayList<>();
    private float[] current;
    private int oldest;
    private long passesOfRequest;
    private long conversation;

    /** @param capacity most matrices kept; a new one takes the place of the oldest */
    ActivationMatrixPolicy(MapShape shape, int capacity) {
        this.shape = shape;
        this.capacity = capacity;
        current = new float[shape.probabilityCount()];
    }

    @Override
    public Eviction eviction() {
        return Evictions.PROBABILITY;
    }

    @Override
    public void onPass(PassObservation pass, CacheConditions conditions, PrefetchPlan plan) {
        boolean isOther = pass.conversations()[0] != conversation;
        conversation = pass.conversations()[0];
        if (pass.phase() == Phase.PREFILL && isOther && passesOfRequest > 0) {
            if (requests.size() < capacity) {
                requests.add(current);
            } else {
                requests.set(oldest++ % capacity, current);
            }
            current = new float[shape.probabilityCount()];
            passesOfRequest = 0;
        }
        passesOfRequest++;
        predict(pass.firstVisit() - 1, -1, plan);
    }

    @Override
    public void onRouted(LayerObservation observed, CacheConditions conditions, PrefetchPlan plan) {
        for (int expert = 0; expert < shape.expertCount(); expert++) {
            current[observed.layer() * shape.expertCount() + expert] += observed.counts()[expert];
        }
        predict(observed.visit(), observed.layer(), plan);
    }

    /** Says of each later layer the nearest request's shares, times {@code 1 - (i - l)/L}. */
    private void predict(long visit, int layer, PrefetchPlan plan) {
        float[] nearest = nearest();
        if (nearest == null) {
            return;
        }
        for (int later = layer + 1; later < shape.layerCount(); later++) {
            plan.forecast(visit + later - layer);
            int base = later * shape.expertCount();
            double sum = 0;
            for (int expert = 0; expert < shape.expertCount(); expert++) {
                sum += nearest[base + expert];
            }
            double nearness = 1 - (double) (later - layer) / shape.layerCount();
            for (int expert = 0; sum > 0 && expert < shape.expertCount(); expert++) {
                double probability = nearest[base + expert] / sum * nearness;
                plan.setProbability(later, expert, probability);
                if (probability > 0) {
                    plan.request(later, expert, probability);
                }
            }
        }
    }

    private float @Nullable [] nearest() {
        float[] nearest = null;
        double highest = Double.NEGATIVE_INFINITY;
        for (float[] request : requests) {
            double score = 0;
            for (int layer = 0; layer < shape.layerCount(); layer++) {
                score += cosine(request, current, layer * shape.expertCount(), shape.expertCount());
            }
            if (score > highest) {
                highest = score;
                nearest = request;
            }
        }
        return nearest;
    }

    /** The cosine of two rows; 0 where one is zero. */
    private static double cosine(float[] a, float[] b, int from, int n) {
        double product = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int i = from; i < from + n; i++) {
            product += (double) a[i] * b[i];
            squaresOfA += (double) a[i] * a[i];
            squaresOfB += (double) b[i] * b[i];
        }
        return product == 0 ? 0 : product / Math.sqrt(squaresOfA * squaresOfB);
    }
}
