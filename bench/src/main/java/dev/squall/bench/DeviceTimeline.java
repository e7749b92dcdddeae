package dev.squall.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/**
 * The launches that a flight recording holds, pass by pass. Times are nanoseconds from the first launch on.
 *
 * @param launches in order of their begin
 */
record DeviceTimeline(List<Launch> launches) {
    private static final String EVENT = "dev.squall.DeviceLaunch";

    /**
     * The execution of a graph.
     *
     * @param tasks kernels of it
     */
    record Launch(String graph, int tasks, int rows, long bytesToDevice, long bytesToHost, long begin, long end) {
        boolean isUpload() {
            return graph.startsWith("upload");
        }

        private boolean beginsPass() {
            return graph.equals("begin");
        }

        private long overlap(Launch other) {
            return Math.max(0, Math.min(end, other.end) - Math.max(begin, other.begin));
        }
    }

    /**
     * A pass with what was uploaded while it ran.
     *
     * @param nanos from its begin to that of the next one
     */
    record Pass(List<Launch> computing, List<Launch> uploads, long nanos) {
        int rows() {
            return computing.getFirst().rows();
        }

        long begin() {
            return computing.getFirst().begin();
        }

        long tasks() {
            return computing.stream().mapToLong(Launch::tasks).sum();
        }

        long bytesToDevice() {
            return computing.stream().mapToLong(Launch::bytesToDevice).sum();
        }

        long bytesToHost() {
            return computing.stream().mapToLong(Launch::bytesToHost).sum();
        }

        long bytesUploaded() {
            return uploads.stream().mapToLong(Launch::bytesToDevice).sum();
        }

        /** Within launches, in TornadoVM, driver and device. */
        long launchNanos() {
            return computing.stream().mapToLong(l -> l.end - l.begin).sum();
        }

        long uploadNanos() {
            return uploads.stream().mapToLong(l -> l.end - l.begin).sum();
        }

        /** Of the uploads, what passed while a graph of the pass was executed. */
        long overlapNanos() {
            return uploads.stream()
                    .mapToLong(upload ->
                            computing.stream().mapToLong(upload::overlap).sum())
                    .sum();
        }
    }

    /** Reads a recording. */
    static DeviceTimeline read(Path recording) throws IOException {
        List<RecordedEvent> events = RecordingFile.readAllEvents(recording).stream()
                .filter(event -> event.getEventType().getName().equals(EVENT))
                .sorted(Comparator.comparing(RecordedEvent::getStartTime))
                .toList();
        if (events.isEmpty()) {
            throw new BenchException(recording + ": no event " + EVENT
                    + ": record an answer of a device, as with SQUALL_JAVA_OPTS=-XX:StartFlightRecording:filename="
                    + recording);
        }
        var first = events.getFirst().getStartTime();
        return new DeviceTimeline(events.stream()
                .map(event -> {
                    long begin = first.until(event.getStartTime(), ChronoUnit.NANOS);
                    return new Launch(
                            event.getString("graph"),
                            event.getInt("tasks"),
                            event.getInt("rows"),
                            event.getLong("bytesToDevice"),
                            event.getLong("bytesToHost"),
                            begin,
                            begin + event.getDuration().toNanos());
                })
                .toList());
    }

    /** All passes that another one follows. */
    List<Pass> passes() {
        List<Pass> passes = new ArrayList<>();
        List<Launch> computing = new ArrayList<>();
        List<Launch> uploads = new ArrayList<>();
        for (Launch launch : launches) {
            if (launch.beginsPass()) {
                if (!computing.isEmpty()) {
                    long nanos = launch.begin() - computing.getFirst().begin();
                    passes.add(new Pass(List.copyOf(computing), List.copyOf(uploads), nanos));
                }
                computing.clear();
                uploads.clear();
            }
            if (launch.isUpload()) {
                uploads.add(launch);
            } else if (launch.beginsPass() || !computing.isEmpty()) {
                computing.add(launch);
            }
        }
        return passes;
    }
}
