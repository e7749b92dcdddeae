package dev.squall.tornado.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The simulator does what a device does, and says what a device would not say. */
class SimulatorTest {
    private final KernelContext context = new KernelContext();

    static void copy(KernelContext context, FloatArray from, FloatArray to) {
        int i = context.globalIdx;
        to.set(i, from.get(i));
    }

    static void add(KernelContext context, IntArray amount, FloatArray values) {
        int i = context.globalIdx;
        values.set(i, values.get(i) + amount.get(0));
    }

    /** Each group's sum, by a tree in local memory. */
    static void sumGroups(KernelContext context, FloatArray from, FloatArray sums) {
        float[] shared = context.allocateFloatLocalArray(64);
        int local = context.localIdx;
        shared[local] = from.get(context.globalIdx);
        for (int stride = context.localGroupSizeX / 2; stride > 0; stride >>= 1) {
            context.localBarrier();
            if (local < stride) {
                shared[local] += shared[local + stride];
            }
        }
        if (local == 0) {
            sums.set(context.groupIdx, shared[0]);
        }
    }

    static void sumWithoutBarrier(KernelContext context, FloatArray from, FloatArray sums) {
        float[] shared = context.allocateFloatLocalArray(64);
        int local = context.localIdx;
        shared[local] = from.get(context.globalIdx);
        if (local == 0) {
            float sum = 0;
            for (int i = 0; i < context.localGroupSizeX; i++) {
                sum += shared[i];
            }
            sums.set(context.groupIdx, sum);
        }
    }

    static void barrierForSome(KernelContext context, IntArray first, FloatArray values) {
        if (context.localIdx >= first.get(0)) {
            context.localBarrier();
        }
        values.set(context.globalIdx, 1);
    }

    static void secondBarrierForFirst(KernelContext context, FloatArray values) {
        context.localBarrier();
        if (context.localIdx == 0) {
            context.localBarrier();
        }
        values.set(context.globalIdx, 1);
    }

    static void beyondTheEnd(KernelContext context, FloatArray values) {
        values.set(context.globalIdx + 1, 1);
    }

    static void allWriteOne(KernelContext context, FloatArray values) {
        values.set(0, context.globalIdx);
    }

    static void neighbour(KernelContext context, FloatArray values) {
        int i = context.globalIdx;
        float right = i + 1 < context.globalGroupSizeX ? values.get(i + 1) : 0;
        values.set(i, right);
    }

    static void neighbourOfGroup(KernelContext context, FloatArray values) {
        int i = context.globalIdx;
        float right = context.localIdx + 1 < context.localGroupSizeX ? values.get(i + 1) : 0;
        context.localBarrier();
        values.set(i, right);
    }

    static void twice(FloatArray values, int count) {
        for (@Parallel int i = 0; i < count; i++) {
            values.set(i, 2 * values.get(i));
        }
    }

    @AfterEach
    void looksForNoMoreRaces() {
        SimulatedRuntime.INSTANCE.findRaces(false);
    }

    private static FloatArray counting(int n) {
        FloatArray array = new FloatArray(n);
        for (int i = 0; i < n; i++) {
            array.set(i, i);
        }
        return array;
    }

    private static GridScheduler grid(String task, int global, int local) {
        WorkerGrid1D grid = new WorkerGrid1D(global);
        grid.setLocalWork(local, 1, 1);
        GridScheduler grids = new GridScheduler();
        grids.addWorkerGrid(task, grid);
        return grids;
    }

    private static void execute(TaskGraph graph, int global, int local) {
        try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
            plan.withGridScheduler(grid(graph.getTaskGraphName() + ".t", global, local))
                    .execute();
        } catch (TornadoExecutionPlanException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aForgottenTransferToTheDeviceShows() {
        FloatArray from = counting(8);
        FloatArray to = new FloatArray(8);
        execute(
                new TaskGraph("g")
                        .task("t", SimulatorTest::copy, context, from, to)
                        .transferToHost(DataTransferMode.EVERY_EXECUTION, to),
                8,
                4);
        assertThat(to.get(3)).isNaN();
    }

    @Test
    void aForgottenTransferToTheHostShows() {
        FloatArray from = counting(8);
        FloatArray to = new FloatArray(8);
        execute(
                new TaskGraph("g")
                        .transferToDevice(DataTransferMode.FIRST_EXECUTION, from)
                        .task("t", SimulatorTest::copy, context, from, to),
                8,
                4);
        assertThat(to.get(3)).isZero();
    }

    @Test
    void copiesAtTheFirstExecutionOrAtEveryOne() throws TornadoExecutionPlanException {
        FloatArray values = new FloatArray(4);
        IntArray amount = IntArray.fromArray(new int[] {1});
        TaskGraph graph = new TaskGraph("g")
                .transferToDevice(DataTransferMode.FIRST_EXECUTION, values)
                .transferToDevice(DataTransferMode.EVERY_EXECUTION, amount)
                .task("t", SimulatorTest::add, context, amount, values)
                .transferToHost(DataTransferMode.UNDER_DEMAND, values);
        try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
            plan.withGridScheduler(grid("g.t", 4, 2)).execute();
            amount.set(0, 10);
            values.init(500);
            var result = plan.execute();
            assertThat(values.get(2)).isEqualTo(500);
            result.transferToHost(values);
            assertThat(values.get(2)).isEqualTo(11);
        }
    }

    @Test
    void graphsOfSeveralPlansShareWhatOneOfThemPersists() throws TornadoExecutionPlanException {
        FloatArray values = counting(4);
        IntArray amount = IntArray.fromArray(new int[] {1});
        ImmutableTaskGraph init = new TaskGraph("init")
                .transferToDevice(DataTransferMode.FIRST_EXECUTION, values, amount)
                .task("t", SimulatorTest::add, context, amount, values)
                .persistOnDevice(values)
                .snapshot();
        ImmutableTaskGraph use = new TaskGraph("use")
                .consumeFromDevice("init", values)
                .transferToDevice(DataTransferMode.EVERY_EXECUTION, amount)
                .task("t", SimulatorTest::add, context, amount, values)
                .persistOnDevice(values)
                .snapshot();
        ImmutableTaskGraph read = new TaskGraph("read")
                .consumeFromDevice("init", values)
                .transferToDevice(DataTransferMode.EVERY_EXECUTION, amount)
                .task("t", SimulatorTest::add, context, amount, values)
                .transferToHost(DataTransferMode.EVERY_EXECUTION, values)
                .snapshot();
        GridScheduler grids = grid("init.t", 4, 2);
        WorkerGrid1D four = new WorkerGrid1D(4);
        four.setLocalWork(2, 1, 1);
        grids.addWorkerGrid("use.t", four);
        grids.addWorkerGrid("read.t", four);
        try (TornadoExecutionPlan first = new TornadoExecutionPlan(init, use);
                TornadoExecutionPlan second = new TornadoExecutionPlan(init, read)) {
            first.withGridScheduler(grids);
            second.withGridScheduler(grids);
            first.withGraph(0).execute();
            first.withGraph(1).execute();
            second.withGraph(1).execute();
            assertThat(values.get(3)).isEqualTo(3 + 1 + 1 + 1);
        }
    }

    @Test
    void refusesToConsumeWhatIsNotThere() throws TornadoExecutionPlanException {
        FloatArray values = counting(4);
        IntArray amount = new IntArray(1);
        ImmutableTaskGraph init = new TaskGraph("init")
                .transferToDevice(DataTransferMode.FIRST_EXECUTION, values, amount)
                .task("t", SimulatorTest::add, context, amount, values)
                .snapshot();
        ImmutableTaskGraph use = new TaskGraph("use")
                .consumeFromDevice("init", values)
                .transferToDevice(DataTransferMode.EVERY_EXECUTION, amount)
                .task("t", SimulatorTest::add, context, amount, values)
                .snapshot();
        try (TornadoExecutionPlan plan = new TornadoExecutionPlan(init, use)) {
            plan.withGridScheduler(grid("init.t", 4, 2));
            assertThatThrownBy(() -> plan.withGraph(1).execute()).hasMessageContaining("has not been executed yet");
            plan.withGraph(0).execute();
            assertThatThrownBy(() -> plan.withGraph(1).execute()).hasMessageContaining("does not persist it");
        }
        try (TornadoExecutionPlan plan = new TornadoExecutionPlan(use)) {
            assertThatThrownBy(plan::execute).hasMessageContaining("'init', which is not in the plan");
        }
    }

    @Test
    void refusesToConsumeWhatTheGraphBeforeDoesNotHave() throws TornadoExecutionPlanException {
        FloatArray values = counting(4);
        FloatArray other = counting(4);
        ImmutableTaskGraph init = new TaskGraph("init")
                .transferToDevice(DataTransferMode.FIRST_EXECUTION, values, other)
                .task("t", SimulatorTest::copy, context, values, other)
                .persistOnDevice(values, other)
                .snapshot();
        ImmutableTaskGraph both = new TaskGraph("both")
                .consumeFromDevice("init", values, other)
                .task("t", SimulatorTest::copy, context, values, other)
                .persistOnDevice(values, other)
                .snapshot();
        ImmutableTaskGraph one = new TaskGraph("one")
                .consumeFromDevice("init", values)
                .task("t", SimulatorTest::copy, context, values, values)
                .persistOnDevice(values)
                .snapshot();
        GridScheduler grids = grid("init.t", 4, 2);
        WorkerGrid1D four = new WorkerGrid1D(4);
        four.setLocalWork(2, 1, 1);
        grids.addWorkerGrid("both.t", four);
        grids.addWorkerGrid("one.t", four);
        try (TornadoExecutionPlan plan = new TornadoExecutionPlan(init, both, one)) {
            plan.withGridScheduler(grids);
            plan.withGraph(0).execute();
            plan.withGraph(1).execute();
            plan.withGraph(2).execute();
            assertThatThrownBy(() -> plan.withGraph(1).execute())
                    .hasMessageContaining("the plan executed 'one' before, which TornadoVM takes it from");
        }
    }

    @ParameterizedTest
    @CsvSource({"8, 1", "8, 2", "64, 32", "64, 64"})
    void workItemsMeetAtBarriers(int global, int local) {
        FloatArray from = counting(global);
        FloatArray sums = new FloatArray(global / local);
        execute(
                new TaskGraph("g")
                        .transferToDevice(DataTransferMode.FIRST_EXECUTION, from)
                        .task("t", SimulatorTest::sumGroups, context, from, sums)
                        .transferToHost(DataTransferMode.EVERY_EXECUTION, sums),
                global,
                local);
        for (int group = 0; group < global / local; group++) {
            int first = group * local;
            assertThat(sums.get(group)).isEqualTo(first * local + local * (local - 1) / 2f);
        }
    }

    @Test
    void aForgottenBarrierShows() {
        FloatArray from = counting(8);
        FloatArray sums = new FloatArray(2);
        execute(
                new TaskGraph("g")
                        .transferToDevice(DataTransferMode.FIRST_EXECUTION, from)
                        .task("t", SimulatorTest::sumWithoutBarrier, context, from, sums)
                        .transferToHost(DataTransferMode.EVERY_EXECUTION, sums),
                8,
                4);
        assertThat(sums.get(0)).isNaN();
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 0", "3, 3, 0"})
    void namesTheWorkItemThatNeverReachesABarrier(int first, int waiting, int gone) {
        FloatArray values = new FloatArray(8);
        IntArray from = IntArray.fromArray(new int[] {first});
        TaskGraph graph = new TaskGraph("g")
                .transferToDevice(DataTransferMode.FIRST_EXECUTION, from, values)
                .task("t", SimulatorTest::barrierForSome, context, from, values);
        assertThatThrownBy(() -> execute(graph, 8, 4))
                .isInstanceOf(SimulationException.class)
                .hasMessage(
                        "g.t: work-item %d of group 0 waits at a barrier that work-item %d never reaches",
                        waiting, gone);
    }

    @Test
    void namesTheWorkItemThatLeavesEarly() {
        FloatArray values = new FloatArray(8);
        TaskGraph graph = new TaskGraph("g").task("t", SimulatorTest::secondBarrierForFirst, context, values);
        assertThatThrownBy(() -> execute(graph, 8, 4))
                .hasMessage("g.t: work-item 0 of group 0 waits at a barrier that work-item 1 never reaches");
    }

    @Test
    void namesTheWorkItemThatIsOutOfBounds() {
        FloatArray values = new FloatArray(8);
        TaskGraph graph = new TaskGraph("g").task("t", SimulatorTest::beyondTheEnd, context, values);
        assertThatThrownBy(() -> execute(graph, 8, 4))
                .isInstanceOf(SimulationException.class)
                .hasMessage("g.t: work-item 3 of group 1: Index 8 out of bounds for length 8");
    }

    @Test
    void findsTwoWriters() {
        SimulatedRuntime.INSTANCE.findRaces(true);
        FloatArray values = new FloatArray(8);
        TaskGraph graph = new TaskGraph("g").task("t", SimulatorTest::allWriteOne, context, values);
        assertThatThrownBy(() -> execute(graph, 8, 4))
                .hasMessageContaining("race at element 0")
                .hasMessageContaining("work-item 0 writes and work-item 1 writes");
    }

    @Test
    void findsAReaderBesideAWriter() {
        SimulatedRuntime.INSTANCE.findRaces(true);
        FloatArray values = counting(8);
        TaskGraph graph = new TaskGraph("g")
                .transferToDevice(DataTransferMode.FIRST_EXECUTION, values)
                .task("t", SimulatorTest::neighbour, context, values);
        assertThatThrownBy(() -> execute(graph, 8, 4))
                .hasMessageContaining("race at element 1")
                .hasMessageContaining("work-item 0 reads and work-item 1 writes");
    }

    @Test
    void aBarrierBetweenReaderAndWriterIsNoRace() {
        SimulatedRuntime.INSTANCE.findRaces(true);
        FloatArray values = counting(8);
        execute(
                new TaskGraph("g")
                        .transferToDevice(DataTransferMode.FIRST_EXECUTION, values)
                        .task("t", SimulatorTest::neighbourOfGroup, context, values)
                        .transferToHost(DataTransferMode.EVERY_EXECUTION, values),
                8,
                4);
        assertThat(values.get(4)).isEqualTo(5);
        assertThat(values.get(7)).isZero();
    }

    @Test
    void runsParallelLoopsWithoutAContext() {
        FloatArray values = counting(8);
        execute(
                new TaskGraph("g")
                        .transferToDevice(DataTransferMode.FIRST_EXECUTION, values)
                        .task("t", SimulatorTest::twice, values, 7)
                        .transferToHost(DataTransferMode.EVERY_EXECUTION, values),
                1,
                1);
        assertThat(values.get(6)).isEqualTo(12);
        assertThat(values.get(7)).isEqualTo(7);
    }

    @Test
    void refusesWhatTornadoVmRefuses() {
        FloatArray values = new FloatArray(8);
        assertThatThrownBy(() -> new TaskGraph("g")
                        .transferToDevice(DataTransferMode.FIRST_EXECUTION, values)
                        .snapshot())
                .hasMessageContaining("graph 'g' has no task");
        TaskGraph graph = new TaskGraph("g").task("t", SimulatorTest::allWriteOne, context, values);
        assertThatThrownBy(() -> graph.task("t", SimulatorTest::allWriteOne, context, values))
                .hasMessageContaining("task 't' is in graph 'g' already");
        assertThatThrownBy(() -> execute(graph, 9, 4)).hasMessageContaining("9 work-items in groups of 4");
        assertThatThrownBy(() -> execute(graph, 4096, 2048)).hasMessageContaining("groups of 1 to 1024");
        assertThatThrownBy(() -> new TaskGraph("g")
                        .consumeFromDevice("init", values)
                        .transferToDevice(DataTransferMode.EVERY_EXECUTION, values)
                        .task("t", SimulatorTest::allWriteOne, context, values)
                        .snapshot())
                .hasMessageContaining("both consumes and transfers");
        assertThatThrownBy(() -> graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, new float[3]))
                .hasMessageContaining("a transfer of float[]");
    }

    @Test
    void refusesATaskWithoutAGridAndAPlanOfAnotherThread() throws Exception {
        FloatArray values = new FloatArray(8);
        ImmutableTaskGraph graph = new TaskGraph("g")
                .task("t", SimulatorTest::copy, context, values, values)
                .snapshot();
        try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph)) {
            assertThatThrownBy(plan::execute).hasMessageContaining("task 'g.t' has no grid");
            Thread other = Thread.ofPlatform()
                    .start(() -> assertThatThrownBy(plan::execute).hasMessageContaining("belongs to thread"));
            other.join();
        }
    }

    @Test
    void onlyTheSelectedGraphIsFreed() throws TornadoExecutionPlanException {
        ByteArray first = new ByteArray(100);
        ByteArray second = new ByteArray(10);
        ImmutableTaskGraph f = new TaskGraph("f")
                .transferToDevice(DataTransferMode.EVERY_EXECUTION, first)
                .task("t", SimulatorTest::touch, context, first)
                .snapshot();
        ImmutableTaskGraph g = new TaskGraph("g")
                .transferToDevice(DataTransferMode.EVERY_EXECUTION, second)
                .task("t", SimulatorTest::touch, context, second)
                .snapshot();
        GridScheduler grids = grid("f.t", 1, 1);
        WorkerGrid1D other = new WorkerGrid1D(1);
        other.setLocalWork(1, 1, 1);
        grids.addWorkerGrid("g.t", other);
        try (TornadoExecutionPlan plan = new TornadoExecutionPlan(f, g)) {
            plan.withGridScheduler(grids).execute();
            assertThat(plan.getCurrentDeviceMemoryUsage()).isEqualTo(110);
            plan.withGraph(1).freeDeviceMemory();
            assertThat(plan.getCurrentDeviceMemoryUsage()).isEqualTo(100);
            plan.withGraph(0).freeDeviceMemory();
            assertThat(plan.getCurrentDeviceMemoryUsage()).isZero();
        }
    }

    @Test
    void memoryIsLimitedAndGivenBack() throws TornadoExecutionPlanException {
        String before = System.getProperty("tornado.device.memory");
        System.setProperty("tornado.device.memory", "1MB");
        try {
            ByteArray large = new ByteArray(700_000);
            ByteArray second = new ByteArray(700_000);
            for (ByteArray array : new ByteArray[] {large, second}) {
                ImmutableTaskGraph graph = new TaskGraph("g")
                        .transferToDevice(DataTransferMode.FIRST_EXECUTION, array)
                        .task("t", SimulatorTest::touch, context, array)
                        .snapshot();
                try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph)) {
                    plan.withGridScheduler(grid("g.t", 1, 1)).execute();
                    assertThat(plan.getCurrentDeviceMemoryUsage()).isEqualTo(700_000);
                }
            }
            ImmutableTaskGraph both = new TaskGraph("g")
                    .task("t", SimulatorTest::touch, context, large)
                    .task("u", SimulatorTest::touch, context, second)
                    .snapshot();
            try (TornadoExecutionPlan plan = new TornadoExecutionPlan(both)) {
                assertThatThrownBy(plan::execute)
                        .isInstanceOf(TornadoOutOfMemoryException.class)
                        .hasMessageContaining("-Dtornado.device.memory");
            }
        } finally {
            if (before == null) {
                System.clearProperty("tornado.device.memory");
            } else {
                System.setProperty("tornado.device.memory", before);
            }
        }
    }

    static void touch(KernelContext context, ByteArray values) {
        values.set(context.globalIdx, (byte) 1);
    }
}
