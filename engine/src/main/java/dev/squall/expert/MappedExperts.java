package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import dev.squall.model.LayerWeights;
import dev.squall.model.ModelWeights;
import dev.squall.routing.LayerRouting;
import java.util.List;

/** Experts used where they lie in the mapped file; the operating system keeps in memory what fits. */
public final class MappedExperts implements ExpertSource {
    private final List<Lease> leases;

    public MappedExperts(ModelWeights model) {
        leases = model.layers().stream()
                .map(LayerWeights::experts)
                .map(Lease::new)
                .toList();
    }

    @Override
    public ExpertLease lease(LayerRouting routing) {
        return leases.get(routing.layer());
    }

    private record Lease(List<ExpertWeights> experts) implements ExpertLease {
        @Override
        public boolean isReady(int expert) {
            return true;
        }

        @Override
        public ExpertWeights weights(int expert) {
            return experts.get(expert);
        }

        @Override
        public void close() {
            // The mapping outlives every lease.
        }
    }
}
