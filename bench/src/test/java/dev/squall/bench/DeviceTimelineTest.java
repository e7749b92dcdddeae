package dev.squall.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.bench.DeviceTimeline.Launch;
import dev.squall.bench.DeviceTimeline.Pass;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceTimelineTest {
    @TempDir
    Path folder;

    private static Launch launch(String graph, long begin, long end) {
        return new Launch(graph, 2, 1, 100, 10, begin, end);
    }

    @Test
    void countsCopiesBesideComputingOnceAndByThePassTheyBeginIn() {
        List<Pass> passes = new DeviceTimeline(List.of(
                        launch("upload0", 0, 5),
                        launch("begin", 10, 20),
                        launch("upload1", 15, 45),
                        launch("attention4", 30, 40),
                        launch("begin", 60, 70),
                        launch("upload0", 72, 80),
                        launch("begin", 100, 110)))
                .passes();

        assertThat(passes).hasSize(2);
        Pass first = passes.getFirst();
        assertThat(first.nanos()).isEqualTo(50);
        assertThat(first.launchNanos()).isEqualTo(20);
        assertThat(first.uploadNanos()).isEqualTo(30);
        assertThat(first.overlapNanos()).isEqualTo(5 + 10);
        assertThat(first.tasks()).isEqualTo(4);
        assertThat(first.bytesToDevice()).isEqualTo(200);
        assertThat(first.bytesToHost()).isEqualTo(20);
        assertThat(first.bytesUploaded()).isEqualTo(100);
        assertThat(passes.getLast().overlapNanos()).isZero();
    }

    @Test
    void findsLayersThatWaitForCopiesAndWhatComputingMeanwhileWouldSpare() {
        Pass pass = new DeviceTimeline(List.of(
                        launch("beginRow", 0, 3),
                        launch("attention6", 10, 20),
                        launch("upload0", 15, 26),
                        launch("feedForward7", 30, 34),
                        launch("attention6", 40, 50),
                        launch("feedForward7", 52, 60),
                        launch("attention6", 70, 80),
                        launch("upload0", 81, 82),
                        launch("feedForward7", 83, 99),
                        launch("begin", 120, 130)))
                .passes()
                .getFirst();

        assertThat(pass.layersThatWait()).isEqualTo(2);
        assertThat(pass.sparableNanos()).isEqualTo(4 + 3);
        assertThat(pass.firstLaunchNanos()).isEqualTo(3);
    }

    @Test
    void readsTheLaunchesOfARecording() throws IOException {
        Path file = folder.resolve("answer.jfr");
        try (Recording recording = new Recording()) {
            recording.start();
            for (String graph : List.of("begin", "head")) {
                DeviceLaunch event = new DeviceLaunch(graph);
                event.begin();
                event.commit();
            }
            recording.stop();
            recording.dump(file);
        }

        List<Launch> launches = DeviceTimeline.read(file).launches();

        assertThat(launches).extracting(Launch::graph).containsExactly("begin", "head");
        assertThat(launches).allSatisfy(launch -> {
            assertThat(launch.tasks()).isEqualTo(7);
            assertThat(launch.bytesToDevice()).isEqualTo(1000);
            assertThat(launch.end()).isGreaterThanOrEqualTo(launch.begin());
        });
    }

    @Test
    void saysHowToRecordWhereThereIsNothing() throws IOException {
        Path file = folder.resolve("none.jfr");
        try (Recording recording = new Recording()) {
            recording.start();
            recording.stop();
            recording.dump(file);
        }

        assertThatThrownBy(() -> DeviceTimeline.read(file))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("none.jfr: no event dev.squall.DeviceLaunch");
    }

    /** The backend's event, field by field. */
    @Name("dev.squall.DeviceLaunch")
    static final class DeviceLaunch extends Event {
        @Label("Graph")
        final String graph;

        @Label("Tasks")
        final int tasks = 7;

        @Label("Rows")
        final int rows = 1;

        @Label("Bytes to Device")
        final long bytesToDevice = 1000;

        @Label("Bytes to Host")
        final long bytesToHost = 10;

        DeviceLaunch(String graph) {
            this.graph = graph;
        }
    }
}
