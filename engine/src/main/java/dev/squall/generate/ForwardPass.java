package dev.squall.generate;

import dev.squall.compute.ComputeBackend;
import dev.squall.expert.ExpertLease;
import dev.squall.expert.ExpertSource;
import dev.squall.model.Hyperparameters;
import dev.squall.model.ModelWeights;
import dev.squall.model.RowBatch;
import dev.squall.routing.LayerRouting;
import dev.squall.routing.Router;
import dev.squall.routing.RoutingObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The one way through the model, whatever the architecture, the phase and the number of sequences. Drives backend,
 * router and expert source; tells observers what was routed. One thread at a time.
 */
final class ForwardPass {
    private final Hyperparameters hyperparameters;
    private final ComputeBackend backend;
    private final Router router;
    private final ExpertSource experts;
    private final int vocabularySize;
    private final List<RoutingObserver> observers = new CopyOnWriteArrayList<>();
    private long passCount;

    ForwardPass(ModelWeights model, ComputeBackend backend, ExpertSource experts) {
        hyperparameters = model.hyperparameters();
        this.backend = backend;
        this.experts = experts;
        vocabularySize = model.output().matrix().rows();
        router = Router.of(model, backend.options().rowsMax());
    }

    void addObserver(RoutingObserver observer) {
        observers.add(observer);
    }

    void removeObserver(RoutingObserver observer) {
        observers.remove(observer);
    }

    /** Evaluates the rows and writes their keys and values; {@link #logits} then gives any row's output. */
    void run(RowBatch rows) {
        long pass = passCount++;
        for (RoutingObserver observer : observers) {
            observer.onPass(pass, rows);
        }
        backend.begin(rows);
        for (int layer = 0; layer < hyperparameters.blockCount(); layer++) {
            backend.attentionBlock(layer, router.logits());
            if (hyperparameters.isDense(layer)) {
                backend.denseBlock(layer);
            } else {
                expertBlock(router.route(pass, layer, rows));
            }
        }
    }

    private void expertBlock(LayerRouting routing) {
        // First what is not there is on its way.
        try (ExpertLease lease = experts.lease(routing)) {
            for (RoutingObserver observer : observers) {
                observer.onRouted(routing);
            }
            backend.expertBlock(routing, lease);
        }
    }

    /** Logits of rows of the last pass, one vocabulary after the other. */
    void logits(int[] batchRows, float[] out) {
        backend.head(batchRows, out);
    }

    /** The likeliest tokens after rows of the last pass; scratch has room for their logits. */
    void likeliest(int[] batchRows, float[] scratch, int[] tokens) {
        backend.likeliest(batchRows, vocabularySize, scratch, tokens);
    }

    int rowsMax() {
        return backend.options().rowsMax();
    }
}
