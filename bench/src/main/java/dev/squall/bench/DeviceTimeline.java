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
            return graph.startsWith("begin");
        }

        private long overlap(long from, long to) {
            return Math.max(0, Math.min(end, to) - Math.max(begin, from));
        }
    }

    /** The time between a layer's attention and its experts, if experts were copied in it. */
    private record Wait(long nanos, Launch experts) {
        /** What it can spare at most to compute the experts that are there meanwhile: all, or all of computing. */
        long sparableNanos() {
            return Math.min(nanos, experts.end - experts.begin);
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
                    .mapToLong(upload -> computing.stream()
                            .mapToLong(launch -> upload.overlap(launch.begin, launch.end))
                            .sum())
                    .sum();
        }

        private List<Wait> waits() {
            List<Wait> waits = new ArrayList<>();
            for (int i = 1; i < computing.size(); i++) {
                long from = computing.get(i - 1).end;
                Launch next = computing.get(i);
                if (next.graph.startsWith("feedForward")
                        && uploads.stream().anyMatch(upload -> upload.overlap(from, next.begin) > 0)) {
                    waits.add(new Wait(next.begin - from, next));
                }
            }
            return waits;
        }

        /** Layers in which experts were copied between attention and experts. */
        long layersThatWait() {
            return waits().size();
        }

        /** What computing the experts that are there, while the others are copied, would spare at most. */
        long sparableNanos() {
            return waits().stream().mapToLong(Wait::sparableNanos).sum();
        }

        /** The launch that begins the pass, which computes next to nothing. */
        long firstLaunchNanos() {
            return computing.getFirst().end - computing.getFirst().begin;
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
