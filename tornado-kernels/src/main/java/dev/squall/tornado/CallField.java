package dev.squall.tornado;

/**
 * What changes from launch to launch, as fields of one array of integers, because TornadoVM bakes scalar arguments into a
 * kernel: the number of rows first, then where weights of the layer begin. Matrices begin at bytes of the pool of weights,
 * vectors at elements of the parameters. After these fields come three numbers for each row ({@link AttentionKernels}). The
 * field after that of a projection or norm is its bias's.
 */
final class CallField {
    static final int ROWS = 0;
    static final int ROW = 1;
    static final int ATTENTION_NORM = 2;
    static final int ATTENTION_NORM_BIAS = 3;
    static final int QUERY = 4;
    static final int QUERY_BIAS = 5;
    static final int KEY = 6;
    static final int KEY_BIAS = 7;
    static final int VALUE = 8;
    static final int VALUE_BIAS = 9;
    static final int QUERY_NORM = 10;
    static final int KEY_NORM = 11;
    static final int OUTPUT = 12;
    static final int OUTPUT_BIAS = 13;
    static final int FEED_FORWARD_NORM = 14;
    static final int FEED_FORWARD_NORM_BIAS = 15;
    static final int ROUTER = 16;
    static final int ROUTER_BIAS = 17;
    static final int NETWORK_GATE = 18;
    static final int NETWORK_UP = 19;
    static final int NETWORK_DOWN = 20;
    static final int NETWORK_WEIGHT = 21;
    static final int HEAD_NORM = 22;
    static final int HEAD_NORM_BIAS = 23;
    static final int HEAD = 24;
    static final int HEAD_BIAS = 25;
    static final int SINKS = 26;
    static final int LATENT_QUERY = 27;
    static final int LATENT_QUERY_NORM = 28;
    static final int LATENT = 29;
    static final int LATENT_NORM = 30;
    static final int HEAD_KEYS = 31;
    static final int HEAD_VALUES = 32;
    static final int EXPERT_GATE_BIAS = 33;
    static final int EXPERT_UP_BIAS = 34;
    static final int EXPERT_DOWN_BIAS = 35;
    /** How many there are. */
    static final int COUNT = 36;

    private CallField() {}
}
