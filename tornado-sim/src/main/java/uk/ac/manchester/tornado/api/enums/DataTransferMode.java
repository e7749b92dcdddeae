package uk.ac.manchester.tornado.api.enums;

/** When an array is copied. */
public class DataTransferMode {
    /** Before the graph's first execution. */
    public static final int FIRST_EXECUTION = 0;

    /** Before or after every execution. */
    public static final int EVERY_EXECUTION = 1;

    /** To the host, when the result is asked for it. */
    public static final int UNDER_DEMAND = 2;

    private DataTransferMode() {}
}
