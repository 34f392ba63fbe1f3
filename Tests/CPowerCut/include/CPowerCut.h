// A SQLite VFS that simulates power cuts. For tests only.
//
// `powercut` is a shim over SQLite's default VFS. It plays the kernel's page cache: every write
// goes to the real file at once, so that every connection reads it, and is remembered as not yet
// durable until that file is synced. A cut then rewrites the real files into what a disk might hold
// after the power came back, and every file that was open stops working.
//
// What is modelled
// - A write that was not synced is kept, dropped, or torn: a prefix of it stays, ending on a
//   512-byte boundary of the file, and the rest reads as it did before. Either each write on its
//   own (a disk may reorder), or all up to a point in time are kept (a disk that does not).
// - The size of a file, apart from its content: a dropped write past the end may leave zeros there.
// - A truncation that was not synced is kept or undone.
// - A file that was created may vanish, and one that was deleted may come back with its content,
//   until the directory is synced. The directory is synced when SQLite's unix VFS does so: with the
//   first sync of a handle on a journal or WAL file, and on a deletion that asks for it. Entries of
//   one directory are independent of each other until then.
// - A cut in the middle of a write, truncation, sync or deletion: it may have taken effect, wholly,
//   in part or not at all, and the call fails.
//
// What is not
// - A write damaging bytes outside its range. SQLite assumes it does not: its unix VFS claims
//   SQLITE_IOCAP_POWERSAFE_OVERWRITE by default.
// - Garbage in place of a lost write, bit rot, and sectors of one write persisted out of order.
// - Memory-mapped I/O of the database (it is off), renames (SQLite makes none), temporary files.
// - Other processes. Nor may the test change a file behind SQLite's back between two cuts.
// - The shared memory of a WAL (`-shm`): it is a cache, and the first connection rebuilds it. That
//   is why the power can only come back once every connection of before the cut is closed.
//
// Only files in one directory are touched; all others have the real VFS's own methods. Every
// function may be called from any thread. One lock guards all of it, so count syncs with it, but do
// not measure time. Running out of memory aborts.

#ifndef CPOWERCUT_H
#define CPOWERCUT_H

#include <stdbool.h>
#include <stdint.h>

/// One count for each kind of thing that is written and synced.
typedef struct {
    uint64_t database;
    uint64_t wal;
    /// Rollback journals and super-journals.
    uint64_t journal;
    /// As a write: a file created or deleted. As a sync: the directory's own.
    uint64_t directory;
} powercut_counts;

/// What was done since `powercut_install`.
typedef struct {
    /// What `powercut_cut_after` counts: writes, truncations, syncs and deletions of files.
    uint64_t operations;
    powercut_counts writes;
    powercut_counts syncs;
    uint64_t truncations;
    uint64_t cuts;
    /// How the changes that were not durable came out of the cuts.
    uint64_t kept, dropped, torn;
    /// Files that vanished or came back in a cut.
    uint64_t reverted;
} powercut_statistics;

/// Makes `powercut` the default VFS, working on the files in `directory` and its subdirectories,
/// which are taken to be durable as they are.
///
/// - Returns: 0, EBUSY while it is installed for a directory, or why `directory` has no real path.
int powercut_install(const char *directory);

/// Makes the VFS that was the default before the default again. Files that are still open in the
/// directory stop working. Nothing is cut.
void powercut_uninstall(void);

/// Cuts the power: from now on nothing in the directory can be opened, read or written, and the
/// files are as a disk might hold them. The same seed after the same changes gives the same files.
///
/// Does nothing while the power is off.
void powercut_cut(uint64_t seed);

/// Lets the power be cut in the middle of the n-th operation from now, which fails. Any other cut
/// before that calls this one off, and so does an `operations` of 0.
void powercut_cut_after(uint64_t operations, uint64_t seed);

/// Whether the power is off.
bool powercut_is_off(void);

/// Turns the power on again, once every file that was open when it was cut is closed. Waits for
/// that, as connections may be closed by a thread of their own.
///
/// - Returns: how many files were still open after `milliseconds`. Unless 0, the power stays off.
int powercut_power_on(int milliseconds);

/// A disk that lies: a sync succeeds and makes nothing durable. To prove that a test can fail.
void powercut_ignore_syncs(bool ignored);

/// Passes syncs on to the real disk too. Off by default: what is durable here is modelled, so the
/// disk's own syncs would only take time.
void powercut_sync_for_real(bool real);

/// What was done since `powercut_install`.
powercut_statistics powercut_read_statistics(void);

#endif
