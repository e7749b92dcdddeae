package dev.squall.cli.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How much memory this process may still take: what the machine has left, and what control groups allow (Linux). */
public final class AvailableMemory {
    private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d{1,15}) kB");

    /** Limits from here up mean that there is none: version 1 writes the largest multiple of a page. */
    private static final long NO_LIMIT = 1L << 60;

    private final Path root;

    /** @param root of the file system, so that a test can make its own */
    public AvailableMemory(Path root) {
        this.root = root;
    }

    /** Bytes; empty where the system does not tell. */
    public OptionalLong bytes() throws IOException {
        Path meminfo = root.resolve("proc/meminfo");
        if (!Files.isReadable(meminfo)) {
            return OptionalLong.empty();
        }
        Matcher matcher = AVAILABLE.matcher(Files.readString(meminfo));
        if (!matcher.find()) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(Math.min(1024 * Long.parseLong(matcher.group(1)), limit()));
    }

    /** The smallest limit of the process's groups and of all groups above them. */
    private long limit() throws IOException {
        long limit = Long.MAX_VALUE;
        Path groups = root.resolve("proc/self/cgroup");
        List<String> lines = Files.isReadable(groups) ? Files.readAllLines(groups) : List.of();
        for (String line : lines) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && parts[1].isEmpty()) {
                limit = Math.min(limit, limit(root.resolve("sys/fs/cgroup"), parts[2], "memory.max"));
            } else if (parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
                limit = Math.min(limit, limit(root.resolve("sys/fs/cgroup/memory"), parts[2], "memory.limit_in_bytes"));
            }
        }
        return limit;
    }

    private static long limit(Path mount, String group, String file) throws IOException {
        long limit = Long.MAX_VALUE;
        Path folder = mount.resolve(group.replaceFirst("^/+", "")).normalize();
        while (folder != null && folder.startsWith(mount)) {
            Path value = folder.resolve(file);
            if (Files.isReadable(value)) {
                String text = Files.readString(value).strip();
                if (text.matches("\\d{1,18}") && Long.parseLong(text) < NO_LIMIT) {
                    limit = Math.min(limit, Long.parseLong(text));
                }
            }
            folder = folder.getParent();
        }
        return limit;
    }
}
