/* Makes every flush of the disk take longer, for a program that is started with LD_PRELOAD. See README.md. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slowed(const char *name, int file) {
    int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = flush(file);
    const char *delay = getenv("SLOW_FLUSH_NS");
    struct timespec pause = {0, delay ? atol(delay) : 0};
    nanosleep(&pause, NULL);
    return result;
}

int fsync(int file) { return slowed("fsync", file); }
int fdatasync(int file) { return slowed("fdatasync", file); }
