// The shim: SQLite's calls go to the VFS below, and what they change is told to the disk's model.

#include "vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"

/// The VFS that was the default before. Set once.
static sqlite3_vfs *below;
static sqlite3_vfs powercut;

typedef enum { DATABASE, WAL, JOURNAL } Kind;

/// An open file of the directory. The handle of the VFS below follows it in memory.
typedef struct {
    sqlite3_file base;
    /// SQLite keeps it valid until the file is closed.
    const char *path;
    Kind kind;
    DiskFile *content;
    uint64_t generation;
    /// The next sync has to sync the directory too. The same rule as the unix VFS has.
    bool must_sync_directory;
} Handle;

static Handle *handle_of(sqlite3_file *file) {
    return (Handle *)file;
}

static sqlite3_file *real(sqlite3_file *file) {
    return (sqlite3_file *)(handle_of(file) + 1);
}

/// Whether the power was on ever since the file was opened. Hold the lock.
static bool is_alive(sqlite3_file *file) {
    return handle_of(file)->generation == machine.generation;
}

/// The same, for calls that do not touch the file's content and may go on without the lock.
static bool was_alive(sqlite3_file *file) {
    machine_lock();
    bool alive = is_alive(file);
    machine_unlock();
    return alive;
}

static uint64_t *count_of(powercut_counts *counts, Kind kind) {
    switch (kind) {
    case DATABASE: return &counts->database;
    case WAL: return &counts->wal;
    case JOURNAL: break;
    }
    return &counts->journal;
}

// MARK: What changes a file

/// Reads what a change from `offset` on to `end` is about to replace. Hold the lock.
static int begin_change(sqlite3_file *file, Change *change, int64_t offset, int64_t end) {
    sqlite3_int64 size = 0;
    int status = real(file)->pMethods->xFileSize(real(file), &size);
    if (status != SQLITE_OK) return status;
    if (end > size) end = size;
    *change = (Change){.offset = offset, .old_size = size};
    if (end <= offset) return SQLITE_OK;
    change->before_length = end - offset;
    change->before = disk_allocate((size_t)change->before_length);
    status = real(file)->pMethods->xRead(
        real(file), change->before, (int)change->before_length, offset);
    if (status != SQLITE_OK) free(change->before);
    return status;
}

static int write_alive(sqlite3_file *file, const void *bytes, int length, int64_t offset) {
    Change change;
    int status = begin_change(file, &change, offset, offset + length);
    if (status != SQLITE_OK) return status;
    change.after_length = length;
    change.after = disk_allocate((size_t)length);
    memcpy(change.after, bytes, (size_t)length);

    // Remembered even if it fails: part of it may have been written.
    status = real(file)->pMethods->xWrite(real(file), bytes, length, offset);
    disk_change(handle_of(file)->content, change);
    ++*count_of(&machine.statistics.writes, handle_of(file)->kind);
    return machine_counts_operation() ? SQLITE_IOERR_WRITE : status;
}

static int on_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset) {
    machine_lock();
    int status = is_alive(file) ? write_alive(file, bytes, length, offset) : SQLITE_IOERR_WRITE;
    machine_unlock();
    return status;
}

static int truncate_alive(sqlite3_file *file, int64_t size) {
    Change change;
    int status = begin_change(file, &change, size, INT64_MAX);
    if (status != SQLITE_OK) return status;
    change.is_truncation = true;
    status = real(file)->pMethods->xTruncate(real(file), size);
    disk_change(handle_of(file)->content, change);
    machine.statistics.truncations++;
    return machine_counts_operation() ? SQLITE_IOERR_TRUNCATE : status;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size) {
    machine_lock();
    int status = is_alive(file) ? truncate_alive(file, size) : SQLITE_IOERR_TRUNCATE;
    machine_unlock();
    return status;
}

/// Hold the lock.
static void sync_directory(const char *path) {
    machine.statistics.syncs.directory++;
    if (!machine.ignores_syncs) disk_directory_synced(&machine.disk, path);
}

static int sync_alive(sqlite3_file *file, int flags) {
    Handle *handle = handle_of(file);
    // A cut in the middle of a sync comes before anything is known to be durable: any part of it
    // may have reached the disk, which is what every cut draws anyway.
    ++*count_of(&machine.statistics.syncs, handle->kind);
    if (machine_counts_operation()) return SQLITE_IOERR_FSYNC;
    if (machine.syncs_for_real) {
        int status = real(file)->pMethods->xSync(real(file), flags);
        if (status != SQLITE_OK) return status;
    }
    if (!machine.ignores_syncs) disk_file_synced(handle->content);
    if (handle->must_sync_directory) sync_directory(handle->path);
    handle->must_sync_directory = false;
    return SQLITE_OK;
}

static int on_sync(sqlite3_file *file, int flags) {
    machine_lock();
    int status = is_alive(file) ? sync_alive(file, flags) : SQLITE_IOERR_FSYNC;
    machine_unlock();
    return status;
}

// MARK: What only looks at a file

static int on_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 offset) {
    // The lock is held while reading, or a read could return what a cut is just making of the file.
    machine_lock();
    int status = SQLITE_IOERR_READ;
    if (is_alive(file)) status = real(file)->pMethods->xRead(real(file), bytes, length, offset);
    machine_unlock();
    return status;
}

static int on_file_size(sqlite3_file *file, sqlite3_int64 *size) {
    machine_lock();
    int status = SQLITE_IOERR_FSTAT;
    if (is_alive(file)) status = real(file)->pMethods->xFileSize(real(file), size);
    machine_unlock();
    return status;
}

static int on_file_control(sqlite3_file *file, int operation, void *argument) {
    switch (operation) {
    case SQLITE_FCNTL_SIZE_HINT:
    case SQLITE_FCNTL_CHUNK_SIZE:
    case SQLITE_FCNTL_MMAP_SIZE:
        // These let the VFS below change the file without our seeing it.
        return SQLITE_NOTFOUND;
    default:
        if (!was_alive(file)) return SQLITE_IOERR;
        return real(file)->pMethods->xFileControl(real(file), operation, argument);
    }
}

static int on_sector_size(sqlite3_file *file) {
    return real(file)->pMethods->xSectorSize(real(file));
}

static int on_device_characteristics(sqlite3_file *file) {
    // Nothing that the model does not keep, such as atomic writes on a file system that has them.
    int characteristics = real(file)->pMethods->xDeviceCharacteristics(real(file));
    return characteristics & SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// MARK: Locks and shared memory

// A dead handle gets no lock any more, but gives back those it has: the VFS below counts them.

static int on_lock(sqlite3_file *file, int level) {
    if (!was_alive(file)) return SQLITE_IOERR_LOCK;
    return real(file)->pMethods->xLock(real(file), level);
}

static int on_unlock(sqlite3_file *file, int level) {
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int on_check_reserved_lock(sqlite3_file *file, int *is_reserved) {
    *is_reserved = 0;
    if (!was_alive(file)) return SQLITE_IOERR_CHECKRESERVEDLOCK;
    return real(file)->pMethods->xCheckReservedLock(real(file), is_reserved);
}

static int on_shm_map(
    sqlite3_file *file, int region, int size, int extend, void volatile **memory
) {
    *memory = NULL;
    if (!was_alive(file)) return SQLITE_IOERR_SHMMAP;
    return real(file)->pMethods->xShmMap(real(file), region, size, extend, memory);
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    bool unlocks = (flags & SQLITE_SHM_UNLOCK) != 0;
    if (!unlocks && !was_alive(file)) return SQLITE_IOERR_SHMLOCK;
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void on_shm_barrier(sqlite3_file *file) {
    real(file)->pMethods->xShmBarrier(real(file));
}

static int on_shm_unmap(sqlite3_file *file, int deletes) {
    return real(file)->pMethods->xShmUnmap(real(file), deletes && was_alive(file));
}

static int on_close(sqlite3_file *file) {
    int status = real(file)->pMethods->xClose(real(file));
    machine_lock();
    disk_release(handle_of(file)->content);
    machine.open_files--;
    pthread_cond_broadcast(&machine.closed);
    machine_unlock();
    return status;
}

/// Version 2: no memory-mapped I/O, which would go past the model.
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_reserved_lock,
    .xFileControl = on_file_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_device_characteristics,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

// MARK: Names

/// Whether `flags` are those of a file that has a durable state, and of which kind it is.
static bool find_kind(int flags, Kind *kind) {
    if (flags & SQLITE_OPEN_DELETEONCLOSE) return false;
    if (flags & SQLITE_OPEN_MAIN_DB) {
        *kind = DATABASE;
    } else if (flags & SQLITE_OPEN_WAL) {
        *kind = WAL;
    } else if (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) {
        *kind = JOURNAL;
    } else {
        return false;
    }
    return true;
}

/// Opens a file of the directory. Hold the lock.
static int open_owned(
    const char *path, Handle *handle, Kind kind, int flags, int *out_flags
) {
    if (machine.is_off) return SQLITE_IOERR;
    bool exists = access(path, F_OK) == 0;
    sqlite3_file *file = real(&handle->base);
    file->pMethods = NULL;
    int status = below->xOpen(below, path, file, flags, out_flags);
    if (status != SQLITE_OK) {
        if (file->pMethods != NULL) file->pMethods->xClose(file);
        return status;
    }
    if (!exists) machine.statistics.writes.directory++;
    machine.open_files++;
    *handle = (Handle){
        .base.pMethods = &methods,
        .path = path,
        .kind = kind,
        .content = disk_open(&machine.disk, path, exists),
        .generation = machine.generation,
        .must_sync_directory = kind != DATABASE && (flags & SQLITE_OPEN_CREATE),
    };
    return SQLITE_OK;
}

static int on_open(
    sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags
) {
    (void)vfs;
    Kind kind;
    file->pMethods = NULL;
    machine_lock();
    bool is_owned = machine_owns(path) && find_kind(flags, &kind);
    int status = SQLITE_OK;
    if (is_owned) status = open_owned(path, handle_of(file), kind, flags, out_flags);
    machine_unlock();
    // Anything else is the VFS below's own file, in the same place, and we never see it again.
    return is_owned ? status : below->xOpen(below, path, file, flags, out_flags);
}

/// Hold the lock.
static int delete_owned(const char *path, int syncs_directory) {
    if (machine.is_off) return SQLITE_IOERR_DELETE;
    if (access(path, F_OK) == 0) disk_will_delete(&machine.disk, path);
    int status = below->xDelete(below, path, syncs_directory && machine.syncs_for_real);
    if (status != SQLITE_OK) return status;
    machine.statistics.writes.directory++;
    if (machine_counts_operation()) return SQLITE_IOERR_DELETE;
    if (syncs_directory) sync_directory(path);
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int syncs_directory) {
    (void)vfs;
    machine_lock();
    bool is_owned = machine_owns(path);
    int status = is_owned ? delete_owned(path, syncs_directory) : SQLITE_OK;
    machine_unlock();
    return is_owned ? status : below->xDelete(below, path, syncs_directory);
}

static int on_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    (void)vfs;
    machine_lock();
    bool is_dead = machine_owns(path) && machine.is_off;
    machine_unlock();
    *result = 0;
    return is_dead ? SQLITE_IOERR_ACCESS : below->xAccess(below, path, flags, result);
}

static void make_powercut(void) {
    below = sqlite3_vfs_find(NULL);
    if (below == NULL) abort();
    // The unix VFS's other methods do not look at which VFS they are called for.
    powercut = *below;
    powercut.pNext = NULL;
    powercut.zName = "powercut";
    powercut.szOsFile = (int)sizeof(Handle) + below->szOsFile;
    powercut.xOpen = on_open;
    powercut.xDelete = on_delete;
    powercut.xAccess = on_access;
}

void vfs_register(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_powercut);
    sqlite3_vfs_register(&powercut, 1);
}

void vfs_unregister(void) {
    if (below != NULL) sqlite3_vfs_register(below, 1);
}
