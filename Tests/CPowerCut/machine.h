// The machine whose power is cut: its state, which everything here holds its lock for.

#ifndef POWERCUT_MACHINE_H
#define POWERCUT_MACHINE_H

#include <pthread.h>

#include "disk.h"

typedef struct {
    pthread_mutex_t lock;
    /// Signalled when a file is closed.
    pthread_cond_t closed;

    /// The real path of the directory that is worked on. NULL when not installed.
    char *directory;
    Disk disk;
    bool is_off;
    /// Counts the times that all open files stopped working. A handle that was opened in another
    /// generation is dead, also when the power is on again.
    uint64_t generation;
    /// Handles on the directory's files, dead or alive.
    int open_files;

    /// After this many operations the power is cut with `planned_seed`. 0 for never.
    uint64_t countdown;
    uint64_t planned_seed;

    bool ignores_syncs;
    bool syncs_for_real;
    powercut_statistics statistics;
} Machine;

extern Machine machine;

void machine_lock(void);
void machine_unlock(void);

/// Whether the file at `path` is in the directory.
bool machine_owns(const char *path);

/// Counts a write, truncation, sync or deletion. If it is the one to be cut, cuts the power and
/// returns true: the operation has to fail.
bool machine_counts_operation(void);

#endif
