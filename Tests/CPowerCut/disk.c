#define _POSIX_C_SOURCE 200809L

#include "disk.h"

#include <stdlib.h>
#include <string.h>

void *disk_allocate(size_t size) {
    // A test without memory has nothing to say. One byte more, so that NULL never means "empty".
    void *memory = malloc(size + 1);
    if (memory == NULL) abort();
    return memory;
}

static void forget_changes(DiskFile *file) {
    for (size_t i = 0; i < file->count; i++) {
        free(file->changes[i].after);
        free(file->changes[i].before);
    }
    file->count = 0;
}

static DiskFile *make_file(void) {
    DiskFile *file = disk_allocate(sizeof *file);
    *file = (DiskFile){.references = 0};
    return file;
}

void disk_release(DiskFile *file) {
    if (file == NULL || --file->references > 0) return;
    forget_changes(file);
    free(file->changes);
    free(file->remains);
    free(file);
}

/// Lets `*slot`, a state of an entry, be `file`.
static void assign(DiskFile **slot, DiskFile *file) {
    if (file != NULL) file->references++;
    disk_release(*slot);
    *slot = file;
}

static DiskEntry *find_entry(Disk *disk, const char *path) {
    for (DiskEntry *entry = disk->entries; entry != NULL; entry = entry->next) {
        if (strcmp(entry->path, path) == 0) return entry;
    }
    return NULL;
}

/// Adds an entry, at the end: the order must be the same in every run.
static DiskEntry *add_entry(Disk *disk, const char *path) {
    DiskEntry **end = &disk->entries;
    while (*end != NULL) end = &(*end)->next;
    DiskEntry *entry = disk_allocate(sizeof *entry);
    *entry = (DiskEntry){.path = strdup(path)};
    if (entry->path == NULL) abort();
    *end = entry;
    return entry;
}

/// The entry at `path`. `exists` is whether the name is in the directory now.
static DiskEntry *entry_at(Disk *disk, const char *path, bool exists) {
    DiskEntry *entry = find_entry(disk, path);
    if (entry != NULL) return entry;
    entry = add_entry(disk, path);
    if (exists) {
        assign(&entry->current, make_file());
        assign(&entry->durable, entry->current);
    }
    return entry;
}

DiskFile *disk_open(Disk *disk, const char *path, bool exists) {
    DiskEntry *entry = entry_at(disk, path, exists);
    if (!exists && entry->current != NULL) {
        // Nobody deleted it through the VFS: the test cleared the directory away.
        assign(&entry->current, NULL);
        assign(&entry->durable, NULL);
    }
    if (entry->current == NULL) assign(&entry->current, make_file());
    entry->current->references++;
    return entry->current;
}

void disk_change(DiskFile *file, Change change) {
    if (file->count == file->capacity) {
        file->capacity = file->capacity == 0 ? 64 : file->capacity * 2;
        file->changes = realloc(file->changes, file->capacity * sizeof *file->changes);
        if (file->changes == NULL) abort();
    }
    file->changes[file->count++] = change;
}

void disk_file_synced(DiskFile *file) {
    forget_changes(file);
}

static bool in_same_directory(const char *a, const char *b) {
    size_t length = (size_t)(strrchr(a, '/') - a);
    return length == (size_t)(strrchr(b, '/') - b) && strncmp(a, b, length) == 0;
}

void disk_directory_synced(Disk *disk, const char *path) {
    for (DiskEntry *entry = disk->entries; entry != NULL; entry = entry->next) {
        if (in_same_directory(entry->path, path)) assign(&entry->durable, entry->current);
    }
}

void disk_will_delete(Disk *disk, const char *path) {
    DiskEntry *entry = entry_at(disk, path, true);
    DiskFile *file = entry->current;
    if (file != NULL && file == entry->durable) {
        file->remains = disk_read_file(path, &file->remains_size);
    }
    assign(&entry->current, NULL);
}

void disk_forget(Disk *disk) {
    while (disk->entries != NULL) {
        DiskEntry *entry = disk->entries;
        disk->entries = entry->next;
        assign(&entry->current, NULL);
        assign(&entry->durable, NULL);
        free(entry->path);
        free(entry);
    }
}
