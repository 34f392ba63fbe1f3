#define _XOPEN_SOURCE 700

#include "machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vfs.h"

Machine machine = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .closed = PTHREAD_COND_INITIALIZER,
};

void machine_lock(void) {
    pthread_mutex_lock(&machine.lock);
}

void machine_unlock(void) {
    pthread_mutex_unlock(&machine.lock);
}

bool machine_owns(const char *path) {
    if (machine.directory == NULL || path == NULL) return false;
    size_t length = strlen(machine.directory);
    return strncmp(path, machine.directory, length) == 0 && path[length] == '/';
}

static void cut(uint64_t seed) {
    if (machine.directory == NULL || machine.is_off) return;
    machine.is_off = true;
    machine.generation++;
    machine.countdown = 0;
    disk_cut(&machine.disk, seed, &machine.statistics);
}

bool machine_counts_operation(void) {
    machine.statistics.operations++;
    if (machine.countdown == 0 || --machine.countdown > 0) return false;
    cut(machine.planned_seed);
    return true;
}

// MARK: The public functions

int powercut_install(const char *directory) {
    char *path = realpath(directory, NULL);
    if (path == NULL) return errno;
    machine_lock();
    bool is_busy = machine.directory != NULL;
    if (is_busy) {
        free(path);
    } else {
        machine.directory = path;
        machine.is_off = false;
        machine.countdown = 0;
        machine.ignores_syncs = false;
        machine.syncs_for_real = false;
        machine.statistics = (powercut_statistics){.operations = 0};
    }
    machine_unlock();
    if (is_busy) return EBUSY;
    vfs_register();
    return 0;
}

void powercut_uninstall(void) {
    vfs_unregister();
    machine_lock();
    free(machine.directory);
    machine.directory = NULL;
    machine.is_off = false;
    machine.generation++;
    machine.countdown = 0;
    disk_forget(&machine.disk);
    machine_unlock();
}

void powercut_cut(uint64_t seed) {
    machine_lock();
    cut(seed);
    machine_unlock();
}

void powercut_cut_after(uint64_t operations, uint64_t seed) {
    machine_lock();
    machine.countdown = operations;
    machine.planned_seed = seed;
    machine_unlock();
}

bool powercut_is_off(void) {
    machine_lock();
    bool is_off = machine.is_off;
    machine_unlock();
    return is_off;
}

int powercut_power_on(int milliseconds) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += milliseconds / 1000;
    deadline.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000;
    }

    machine_lock();
    int error = 0;
    while (machine.is_off && machine.open_files > 0 && error == 0) {
        error = pthread_cond_timedwait(&machine.closed, &machine.lock, &deadline);
    }
    int still_open = machine.is_off ? machine.open_files : 0;
    if (still_open == 0) machine.is_off = false;
    machine_unlock();
    return still_open;
}

void powercut_ignore_syncs(bool ignored) {
    machine_lock();
    machine.ignores_syncs = ignored;
    machine_unlock();
}

void powercut_sync_for_real(bool real) {
    machine_lock();
    machine.syncs_for_real = real;
    machine_unlock();
}

powercut_statistics powercut_read_statistics(void) {
    machine_lock();
    powercut_statistics statistics = machine.statistics;
    machine_unlock();
    return statistics;
}
