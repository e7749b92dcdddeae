package dev.squall.expert;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Memory outside the heap in pages as large as Linux gives. Ordinary pages lie scattered, so that a direct read into them
 * names hundreds of places to the disk; huge pages are one place each, and the same read takes half the time (ADR 19).
 * Elsewhere, and for less than a page, it is the arena's ordinary memory.
 */
@SuppressWarnings("restricted")
final class HugePages {
    /** Of x86-64, and of AArch64 where ordinary pages have 4 KiB. */
    static final long PAGE_BYTES = 2L << 20;

    private static final long ORDINARY_PAGE_BYTES = 4096;
    private static final int MADV_HUGEPAGE = 14;

    private HugePages() {}

    /**
     * Allocates memory, of any content, that is there when this returns and goes when the arena closes.
     *
     * @param alignment a power of two, at most {@link #PAGE_BYTES}
     * @throws OutOfMemoryError if the system does not give so much
     */
    static MemorySegment allocate(long bytes, long alignment, Arena arena) {
        if (bytes < PAGE_BYTES || !System.getProperty("os.name").equals("Linux")) {
            return arena.allocate(bytes, alignment);
        }
        // Made first: once there is memory, only handing it to the arena can fail.
        LongConsumer free = call(LongConsumer.class, "free", FunctionDescriptor.ofVoid(JAVA_LONG));
        long allocated = StoredExperts.alignUp(bytes, PAGE_BYTES);
        long address = call(
                        LongSupplier.class,
                        "aligned_alloc",
                        FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG),
                        PAGE_BYTES,
                        allocated)
                .getAsLong();
        if (address == 0) {
            throw new OutOfMemoryError("the system does not give " + allocated + " bytes of memory");
        }
        MemorySegment memory = own(address, allocated, arena, free);
        // Only advice: where there are no huge pages it is refused, and the pages stay ordinary.
        call(
                        Runnable.class,
                        "madvise",
                        FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_INT),
                        address,
                        allocated,
                        MADV_HUGEPAGE)
                .run();
        for (long page = 0; page < allocated; page += ORDINARY_PAGE_BYTES) {
            memory.set(JAVA_BYTE, page, (byte) 0);
        }
        return memory.asSlice(0, bytes);
    }

    /** The memory as the arena's, which frees it; freed at once if the arena takes nothing any more. */
    private static MemorySegment own(long address, long bytes, Arena arena, LongConsumer free) {
        boolean isOwned = false;
        try {
            MemorySegment memory =
                    MemorySegment.ofAddress(address).reinterpret(bytes, arena, _ -> free.accept(address));
            isOwned = true;
            return memory;
        } finally {
            if (!isOwned) {
                free.accept(address);
            }
        }
    }

    /** A call of a function of C's library, with these arguments before those of the call. */
    private static <T> T call(Class<T> type, String function, FunctionDescriptor descriptor, Object... arguments) {
        Linker linker = Linker.nativeLinker();
        MethodHandle handle = linker.downcallHandle(linker.defaultLookup().findOrThrow(function), descriptor);
        return MethodHandleProxies.asInterfaceInstance(type, MethodHandles.insertArguments(handle, 0, arguments));
    }
}
