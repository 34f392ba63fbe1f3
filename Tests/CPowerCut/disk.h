// What the disk holds for certain, and what only the page cache holds. No locks here: the machine
// has one.

#ifndef POWERCUT_DISK_H
#define POWERCUT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CPowerCut.h"

/// A write or truncation that is not durable yet, with what it takes to undo and to redo it.
typedef struct {
    bool is_truncation;
    /// Where the write begins; for a truncation, the new size.
    int64_t offset;
    /// What was written; for a truncation, nothing.
    uint8_t *after;
    int64_t after_length;
    /// What the file held from `offset` on that the change replaced: up to its old end.
    uint8_t *before;
    int64_t before_length;
    int64_t old_size;
} Change;

/// A file's content, whatever its name: an inode.
typedef struct {
    /// One for each handle that is open on it, and each directory entry's state that names it.
    int references;
    /// Since the last sync, oldest first.
    Change *changes;
    size_t count, capacity;
    /// The content of a deleted file, which may come back. NULL while it is where its name says.
    uint8_t *remains;
    int64_t remains_size;
} DiskFile;

/// A name in a directory. NULL is for no file.
typedef struct DiskEntry {
    struct DiskEntry *next;
    char *path;
    /// What readers see.
    DiskFile *current;
    /// What the name stood for when its directory was last synced.
    DiskFile *durable;
} DiskEntry;

/// Every name that has been used since the last cut, in order of first use. One that has not been
/// used is durable as it is.
typedef struct {
    DiskEntry *entries;
} Disk;

void *disk_allocate(size_t size);

/// The file at `path`, retained. `exists` is whether it was there before it was opened.
DiskFile *disk_open(Disk *disk, const char *path, bool exists);
void disk_release(DiskFile *file);

/// Adds to the changes of `file`, and takes over what `change` points to.
void disk_change(DiskFile *file, Change change);
void disk_file_synced(DiskFile *file);

/// Makes the present entries of the directory that `path` is in durable.
void disk_directory_synced(Disk *disk, const char *path);

/// To be called just before the file at `path` is deleted: keeps its content, which may come back.
void disk_will_delete(Disk *disk, const char *path);

/// Forgets everything: what the real files hold is now durable.
void disk_forget(Disk *disk);

/// Rewrites the real files into what may be left after a power cut, and forgets everything.
void disk_cut(Disk *disk, uint64_t seed, powercut_statistics *statistics);

/// The content of the real file at `path`. NULL if there is none.
uint8_t *disk_read_file(const char *path, int64_t *size);

#endif
