package dev.squall.index;

import org.apache.lucene.store.Lock;

/** For checking an index that a process may be writing: what its last commit names is never changed. */
final class NoLock extends Lock {
    @Override
    public void ensureValid() {
        // Nothing is held.
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
