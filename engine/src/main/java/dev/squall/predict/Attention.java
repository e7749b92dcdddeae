package dev.squall.predict;

/** How closely a policy follows the passes: what it does not need to hear costs the forward pass nothing. */
public enum Attention {
    /** It plans for the pass under way, so it hears each layer at once. */
    PLANNING,
    /** It learns from the pass and plans nothing: it may hear many layers together, when they are over. */
    LEARNING,
    /** It hears that passes begin, many together, and nothing else. */
    RESTING
}
