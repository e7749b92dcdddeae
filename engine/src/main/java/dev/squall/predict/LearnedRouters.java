package dev.squall.predict;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * What the hidden state at one layer tells of the experts that the next visits use, learnt while the engine runs: a
 * perceptron for each layer, whose first layer ({@code tanh}) is shared by the distances it speaks for. ProMoE trains such
 * predictors beforehand. Beside the hidden state each logit reads the expert's own share in four distributions, and begins
 * as the first of them, the router ahead, so that learning starts where that ends.
 *
 * <p>Weights are read cold, since a pass has read all of the model in between, so there are few: half of the features read
 * the first half of their source and half the other, and they speak for {@value #FEATURE_DISTANCES} visits; farther ahead
 * distributions speak alone.
 *
 * <p>L layers, J experts, h hidden width, F features. One thread; allocates nothing after start.
 */
final class LearnedRouters {
    /** Distributions that a logit reads: router ahead, present layer, last visit of the layer, similar maps. */
    static final int DISTRIBUTIONS = 4;

    private static final int FEATURES_MAX = 64;
    /** How far ahead features speak. */
    private static final int FEATURE_DISTANCES = 2;

    private static final int HALVES = 2;
    /** With fewer there is little to learn. */
    private static final int FEATURES_MIN = 16;
    /** Most weights of all maps together. */
    private static final long WEIGHTS_MAX = 12L << 20;

    /** The sum of squared errors below which there is next to nothing to learn from what came: half of an expert missed. */
    private static final float SURPRISE_MIN = 0.5f;

    private static final float FEATURE_RATE = 0.02f;
    private static final float RATE = 0.05f;
    private static final float DAMPING = 0.01f;
    /** Shares are few and strong: their weights move slowly. */
    private static final float SHARE_DAMPING = 1;

    private final MapShape shape;
    private final int distancesMax;
    private final int featureDistances;
    private final int featureCount;
    private final Source[] sources;

    /** @param distancesMax how far ahead, at most L */
    LearnedRouters(MapShape shape, int distancesMax) {
        this.shape = shape;
        this.distancesMax = Math.min(distancesMax, shape.layerCount());
        featureDistances = Math.min(FEATURE_DISTANCES, this.distancesMax);
        long ofFeature =
                shape.layerCount() * (shape.embeddingLength() / HALVES + (long) featureDistances * shape.expertCount());
        int ofHalf = (int) Math.min(FEATURES_MAX, WEIGHTS_MAX / ofFeature) / HALVES;
        featureCount = HALVES * ofHalf < FEATURES_MIN ? 0 : HALVES * ofHalf;
        sources = new Source[featureCount == 0 ? 0 : shape.layerCount()];
        for (int source = 0; source < sources.length; source++) {
            sources[source] = new Source(source);
        }
    }

    /** F; 0 if the model is too large for this. */
    int featureCount() {
        return featureCount;
    }

    /** How far ahead logits reach; 0 if the model is too large. */
    int distances() {
        return featureCount == 0 ? 0 : distancesMax;
    }

    /** Half of what is known at a place, and the features that read it. */
    private final class Half {
        private final int inputFrom;
        private final int featureFrom;
        private final float[] x;
        private final float[] features = new float[featureCount / HALVES];
        private final float[] gradient = new float[featureCount / HALVES];
        private final OnlineMap first;

        Half(int index, int inputFrom, int inputEnd, int seed) {
            this.inputFrom = inputFrom;
            featureFrom = index * features.length;
            x = new float[inputEnd - inputFrom];
            first = new OnlineMap(x.length, features.length, FEATURE_RATE, DAMPING);
            first.randomise(seed);
        }

        void compute(float[] all, float[] featuresOfBoth) {
            System.arraycopy(all, inputFrom, x, 0, x.length);
            Arrays.fill(features, 0);
            first.addTo(x, features);
            for (int i = 0; i < features.length; i++) {
                features[i] = Logistic.tanh(features[i]);
            }
            System.arraycopy(features, 0, featuresOfBoth, featureFrom, features.length);
        }

        /** @param byFeature the loss's derivative by each feature of both halves */
        void learn(float[] byFeature) {
            for (int i = 0; i < features.length; i++) {
                gradient[i] = byFeature[featureFrom + i] * (1 - features[i] * features[i]);
            }
            first.learn(x, gradient);
        }
    }

    /** What is known at one place of a pass, and logits from there for every distance. */
    private final class Source {
        private final float[] x;
        private final Half[] halves = new Half[HALVES];
        private final float[] features;
        private final float[] gradient;
        /** To the logits of the distances that features speak for, D x J. */
        private final OnlineMap heads;

        private final float[] ofFeatures;
        private final float[] errors;
        private boolean hasErrors;
        /** Logits that come of the present features: those of as many distances as were asked for, times J. */
        private int logitCount;

        private final Shares[] shares = new Shares[distancesMax];

        Source(int index) {
            x = new float[shape.embeddingLength()];
            for (int i = 0; i < HALVES; i++) {
                int from = i * x.length / HALVES;
                halves[i] = new Half(i, from, (i + 1) * x.length / HALVES, HALVES * index + i);
            }
            features = new float[featureCount + 1];
            features[featureCount] = 1;
            gradient = new float[featureCount + 1];
            ofFeatures = new float[featureDistances * shape.expertCount()];
            heads = new OnlineMap(featureCount + 1, ofFeatures.length, RATE, DAMPING);
            errors = new float[ofFeatures.length];
            for (int i = 0; i < shares.length; i++) {
                shares[i] = new Shares();
            }
        }

        void compute(int reach) {
            logitCount = Math.min(reach, featureDistances) * shape.expertCount();
            for (Half half : halves) {
                half.compute(x, features);
            }
            Arrays.fill(ofFeatures, 0, logitCount, 0);
            heads.addTo(features, ofFeatures, logitCount);
        }

        /** Learns from everything that came of the present features. */
        void learn() {
            if (!hasErrors) {
                return;
            }
            hasErrors = false;
            if (MapVectors.product(errors, errors, logitCount) >= SURPRISE_MIN) {
                Arrays.fill(gradient, 0);
                heads.addGradient(errors, gradient, logitCount);
                heads.learn(features, errors, logitCount);
                for (Half half : halves) {
                    half.learn(gradient);
                }
            }
            Arrays.fill(errors, 0);
        }
    }

    /** What distributions add to the logits of one distance. */
    private final class Shares {
        /** By distribution and expert, as the next two. */
        private final float[] weights = new float[DISTRIBUTIONS * shape.expertCount()];

        private final float[] squares = new float[weights.length];
        private final float[] odds = new float[weights.length];
        private final float[] logits = new float[shape.expertCount()];
        private final float[] errors = new float[shape.expertCount()];
        private long visit = -1;

        Shares() {
            Arrays.fill(weights, 0, shape.expertCount(), 1);
            Arrays.fill(squares, SHARE_DAMPING);
        }

        void addToLogits() {
            int n = logits.length;
            for (int at = 0; at < odds.length; at += n) {
                for (int expert = 0; expert < n; expert++) {
                    logits[expert] += weights[at + expert] * odds[at + expert];
                }
            }
        }

        /** By how much the logits were wrong. */
        void setErrors(float[] used) {
            for (int expert = 0; expert < errors.length; expert++) {
                errors[expert] = Logistic.sigmoid(logits[expert]) - used[expert];
            }
        }

        void learn() {
            int n = logits.length;
            for (int at = 0; at < odds.length; at += n) {
                for (int expert = 0; expert < n; expert++) {
                    float step = odds[at + expert] * errors[expert];
                    float sum = squares[at + expert] + step * step;
                    squares[at + expert] = sum;
                    weights[at + expert] -= RATE * step / (float) Math.sqrt(sum);
                }
            }
        }
    }

    /**
     * Takes in a layer's hidden state.
     *
     * @param hidden h numbers whose root mean square is 1
     * @param reach distances that will be asked for
     */
    void observe(int layer, float[] hidden, int reach) {
        Source source = sources[layer];
        source.learn();
        System.arraycopy(hidden, 0, source.x, 0, source.x.length);
        source.compute(reach);
    }

    /** F numbers and a 1: what the layer's last observation comes to. */
    float[] features(int layer) {
        return sources[layer].features;
    }

    /**
     * Sets one of the distributions that the logits of a source and distance read next.
     *
     * @param index which
     * @param logOdds J from {@code from}; 0 counts as not known
     */
    void set(int source, int distance, int index, float[] logOdds, int from) {
        float[] odds = sources[source].shares[distance - 1].odds;
        System.arraycopy(logOdds, from, odds, index * shape.expertCount(), shape.expertCount());
    }

    /**
     * The logit of each expert for a coming visit.
     *
     * @param source the last observed layer
     * @param distance from there, at most {@link #distances()} and the reach of that observation
     * @param visit the coming visit
     * @return J logits, valid until the next call
     */
    float[] logits(int source, int distance, long visit) {
        int n = shape.expertCount();
        Shares shares = sources[source].shares[distance - 1];
        shares.visit = visit;
        if (distance <= featureDistances) {
            System.arraycopy(sources[source].ofFeatures, (distance - 1) * n, shares.logits, 0, n);
        } else {
            Arrays.fill(shares.logits, 0);
        }
        shares.addToLogits();
        return shares.logits;
    }

    /**
     * Learns what a visit used, from every source that spoke of it: distributions at once, features when their source is
     * observed again.
     *
     * @param used J, 1 for what it used
     */
    void learn(long visit, float[] used) {
        int layer = (int) (visit % shape.layerCount());
        for (int distance = 1; distance <= distances(); distance++) {
            learn(sources[Math.floorMod(layer - distance, shape.layerCount())], distance, visit, used);
        }
    }

    private void learn(Source source, int distance, long visit, float[] used) {
        Shares shares = source.shares[distance - 1];
        if (shares.visit != visit) {
            return;
        }
        shares.visit = -1;
        shares.setErrors(used);
        shares.learn();
        if (distance <= featureDistances) {
            int n = shape.expertCount();
            System.arraycopy(shares.errors, 0, source.errors, (distance - 1) * n, n);
            source.hasErrors = true;
        }
    }

    /** Everything learnt, for {@link #read} of routers of the same shape and number of features. */
    void write(DataOutput out) throws IOException {
        for (Source source : sources) {
            for (Half half : source.halves) {
                half.first.write(out);
            }
            source.heads.write(out);
            for (Shares shares : source.shares) {
                Weights.write(shares.weights, out);
                Weights.write(shares.squares, out);
            }
        }
    }

    void read(DataInput in) throws IOException {
        for (Source source : sources) {
            for (Half half : source.halves) {
                half.first.read(in);
            }
            source.heads.read(in);
            for (Shares shares : source.shares) {
                Weights.read(shares.weights, in);
                Weights.read(shares.squares, in);
            }
        }
    }
}
