package dev.squall.predict;

import dev.squall.expert.CacheCounters;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Maps of conversations under way, until enough of what follows them is known: then they go to the store with their {@link
 * Continuation}. One thread.
 */
final class PendingMaps {
    /** What follows a conversation's last pass is not waited for when so many passes of others have been noted since. */
    private static final int SILENT_MAX = 64;

    private final ExpertMapStore store;
    private final Map<Long, Conversation> conversations = new LinkedHashMap<>(16, 0.75f, true);

    private static final class Conversation {
        private final Deque<ExpertMap> maps = new ArrayDeque<>();
        private int position;
        private long lastNoted;
    }

    /** Conversations with a map of the last pass, whose outcome is not known yet. */
    private final List<Conversation> withoutOutcome = new ArrayList<>();

    private long noted;

    PendingMaps(ExpertMapStore store) {
        this.store = store;
    }

    /**
     * A conversation has gone on by one pass.
     *
     * @param used layer times J plus expert, of each that the pass used
     */
    void onPass(long number, int position, int[] used) {
        Conversation conversation = conversations.computeIfAbsent(number, unknown -> new Conversation());
        if (conversation.position != position - 1) {
            settle(conversation);
        }
        conversation.position = position;
        for (ExpertMap map : conversation.maps) {
            Continuation.append(map.continuation(), used);
        }
        ExpertMap oldest = conversation.maps.peekFirst();
        if (oldest != null && Continuation.passes(oldest.continuation()) == Continuation.PASSES_MAX) {
            store.offer(conversation.maps.removeFirst());
        }
        conversation.lastNoted = ++noted;
        settleSilent();
    }

    /** Holds the map of a conversation's last pass back. */
    void add(long number, ExpertMap map) {
        Conversation conversation = conversations.get(number);
        if (conversation == null) {
            throw new IllegalStateException("conversation " + number + " has no pass");
        }
        conversation.maps.addLast(map);
        withoutOutcome.add(conversation);
    }

    /** How the last pass fared, of which every row's map was added. */
    void noteOutcome(CacheCounters ofPass) {
        for (Conversation conversation : withoutOutcome) {
            ExpertMap last = conversation.maps.pollLast();
            if (last != null) {
                conversation.maps.addLast(last.withOutcome(ofPass));
            }
        }
        withoutOutcome.clear();
    }

    private void settleSilent() {
        Iterator<Conversation> longestSilentFirst = conversations.values().iterator();
        Conversation eldest = longestSilentFirst.next();
        while (eldest.lastNoted < noted - SILENT_MAX) {
            settle(eldest);
            longestSilentFirst.remove();
            eldest = longestSilentFirst.next();
        }
    }

    private void settle(Conversation conversation) {
        conversation.maps.forEach(store::offer);
        conversation.maps.clear();
    }

    /** Settles what is held back, because nothing follows. */
    void settleAll() {
        conversations.values().forEach(this::settle);
        conversations.clear();
    }
}
