// What a power cut leaves of the files.

#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

// MARK: Chance

/// SplitMix64, our own so that a seed means the same cut on every machine and in every release.
typedef struct {
    uint64_t state;
} Chance;

static uint64_t next_random(Chance *chance) {
    uint64_t z = (chance->state += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static uint64_t below(Chance *chance, uint64_t bound) {
    return next_random(chance) % bound;
}

static bool coin(Chance *chance) {
    return below(chance, 2) == 1;
}

typedef enum { KEPT, DROPPED, TORN } Fate;

/// How one file's changes fare. Drawn for each file: with one fixed chance for all, long runs that
/// are wholly kept or wholly lost would hardly ever be seen.
typedef struct {
    /// The disk wrote the changes in their order, up to this one. SIZE_MAX for none: any order.
    size_t end;
    /// In any order: of 4 changes, how many are kept.
    uint64_t kept_of_4;
    /// Of 2 that are not kept, how many are torn.
    uint64_t torn_of_2;
} Weather;

static Weather draw_weather(Chance *chance, size_t changes) {
    Weather weather = {.end = SIZE_MAX};
    if (below(chance, 4) == 0) weather.end = (size_t)below(chance, changes + 1);
    weather.kept_of_4 = below(chance, 5);
    weather.torn_of_2 = below(chance, 3);
    return weather;
}

static Fate draw_fate(Chance *chance, Weather weather, size_t index) {
    bool kept = below(chance, 4) < weather.kept_of_4;
    bool torn = below(chance, 2) < weather.torn_of_2;
    if (weather.end == SIZE_MAX) return kept ? KEPT : torn ? TORN : DROPPED;
    if (index < weather.end) return KEPT;
    return index == weather.end && torn ? TORN : DROPPED;
}

// MARK: A file's content in memory

typedef struct {
    uint8_t *bytes;
    int64_t size, capacity;
} Image;

static void resize(Image *image, int64_t size) {
    if (size > image->capacity) {
        image->capacity = size * 2;
        image->bytes = realloc(image->bytes, (size_t)image->capacity);
        if (image->bytes == NULL) abort();
    }
    if (size > image->size) memset(image->bytes + image->size, 0, (size_t)(size - image->size));
    image->size = size;
}

static void put(Image *image, int64_t offset, const uint8_t *bytes, int64_t length) {
    if (length == 0) return;
    if (offset + length > image->size) resize(image, offset + length);
    memcpy(image->bytes + offset, bytes, (size_t)length);
}

/// Where a write may tear: at the sector boundaries inside of it.
static int64_t draw_torn_length(Chance *chance, const Change *change) {
    const int64_t sector = 512;
    int64_t first = (change->offset / sector + 1) * sector - change->offset;
    if (first >= change->after_length) return 0;
    int64_t boundaries = (change->after_length - 1 - first) / sector + 1;
    return first + sector * (int64_t)below(chance, (uint64_t)boundaries);
}

static void undo(Image *image, const Change *change) {
    resize(image, change->old_size);
    put(image, change->offset, change->before, change->before_length);
}

static Fate redo(Image *image, const Change *change, Fate fate, Chance *chance) {
    if (change->is_truncation) {
        // There is no half of it.
        if (fate != KEPT) return DROPPED;
        resize(image, change->offset);
        return KEPT;
    }
    int64_t end = change->offset + change->after_length;
    int64_t length = fate == KEPT ? change->after_length : 0;
    if (fate == TORN) length = draw_torn_length(chance, change);
    put(image, change->offset, change->after, length);
    // The size may have reached the disk even though the content did not.
    if (coin(chance) && end > image->size) resize(image, end);
    if (fate == TORN && length == 0) return DROPPED;
    return fate;
}

/// Undoes everything since the last sync, which leaves what is durable, and redoes what the disk
/// had already got to.
static void settle_content(
    Image *image, const DiskFile *file, Chance *chance, powercut_statistics *statistics
) {
    for (size_t i = file->count; i > 0; i--) undo(image, &file->changes[i - 1]);
    Weather weather = draw_weather(chance, file->count);
    for (size_t i = 0; i < file->count; i++) {
        Fate fate = draw_fate(chance, weather, i);
        switch (redo(image, &file->changes[i], fate, chance)) {
        case KEPT: statistics->kept++; break;
        case DROPPED: statistics->dropped++; break;
        case TORN: statistics->torn++; break;
        }
    }
}

// MARK: The real files

// These open files that SQLite may have open too, and closing them drops the locks that this
// process has on them. Nobody needs those: there is one process, and its power is off.

uint8_t *disk_read_file(const char *path, int64_t *size) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return NULL;
    struct stat status;
    if (fstat(descriptor, &status) != 0) abort();
    uint8_t *bytes = disk_allocate((size_t)status.st_size);
    *size = 0;
    while (*size < status.st_size) {
        ssize_t count = read(descriptor, bytes + *size, (size_t)(status.st_size - *size));
        if (count <= 0) abort();
        *size += count;
    }
    close(descriptor);
    return bytes;
}

static void write_file(const char *path, const Image *image) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) abort();
    for (int64_t done = 0; done < image->size;) {
        ssize_t count = write(descriptor, image->bytes + done, (size_t)(image->size - done));
        if (count <= 0) abort();
        done += count;
    }
    close(descriptor);
}

// MARK: The cut

static void settle_entry(DiskEntry *entry, Chance *chance, powercut_statistics *statistics) {
    bool is_reverted = entry->current != entry->durable && coin(chance);
    DiskFile *file = is_reverted ? entry->durable : entry->current;
    if (is_reverted) {
        statistics->reverted++;
        unlink(entry->path);
    }
    if (file == NULL || (file->count == 0 && !is_reverted)) return;

    Image image = {.bytes = file->remains, .size = file->remains_size};
    file->remains = NULL;
    if (image.bytes == NULL) image.bytes = disk_read_file(entry->path, &image.size);
    // Someone cleared the directory away meanwhile.
    if (image.bytes == NULL) return;
    image.capacity = image.size;
    settle_content(&image, file, chance, statistics);
    write_file(entry->path, &image);
    free(image.bytes);
}

void disk_cut(Disk *disk, uint64_t seed, powercut_statistics *statistics) {
    Chance chance = {.state = seed};
    for (DiskEntry *entry = disk->entries; entry != NULL; entry = entry->next) {
        settle_entry(entry, &chance, statistics);
    }
    statistics->cuts++;
    disk_forget(disk);
}
