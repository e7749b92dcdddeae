package dev.squall.tornado;

/**
 * Which device computes, and what of its memory.
 *
 * @param index of {@link TornadoDevices#list}; -1 for the one that TornadoVM takes by itself
 * @param memoryBytesMax of everything on the device together; 0 for what suits it
 * @param bufferBytesMax of a buffer, if the device has larger ones
 */
public record DeviceLimits(int index, long memoryBytesMax, long bufferBytesMax) {
    public DeviceLimits {
        if (memoryBytesMax < 0 || bufferBytesMax < 1) {
            throw new IllegalArgumentException("device memory of " + memoryBytesMax + " bytes in buffers of "
                    + bufferBytesMax + ", expected 0 or more, in buffers of 1 or more");
        }
    }

    /** The device that TornadoVM takes by itself, and what suits it. */
    public static DeviceLimits none() {
        return new DeviceLimits(-1, 0, Long.MAX_VALUE);
    }
}
