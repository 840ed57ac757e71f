/* Loaded into the process that conda is forked from: a fork that gets KILL_AT among its variables
 * counts the calls with which it changes the file system, and is killed by the kernel right before
 * the one with that number. With KILL_AT=0 the number of calls is written to the file that KILL_COUNT
 * names, when the process ends.
 *
 * KILL_WITH names another signal, which the process can answer. It comes KILL_TIMES times, before as
 * many calls in a row, and a thread that is not the first one sleeps a while before such a call: the
 * first one has time to end the command under it. With KILL_THREADS only calls of such threads count.
 *
 * Only the fork is looked at: the programs that it starts do not get this library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static long at, done, times;
static int with, threads;
static pid_t first;

__attribute__((constructor)) static void begin(void) { unsetenv("LD_PRELOAD"); }

static void change(void) {
    if (!first) {
        const char *number = getenv("KILL_AT");
        if (!number) return;
        const char *signal = getenv("KILL_WITH"), *often = getenv("KILL_TIMES");
        at = atol(number);
        with = signal ? atoi(signal) : SIGKILL;
        times = often ? atol(often) : 1;
        threads = getenv("KILL_THREADS") != NULL;
        first = getpid();
    }
    if (getpid() != first || (threads && gettid() == first)) return;
    long number = __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
    if (!at || number < at) return;
    if (with == SIGKILL) {
        kill(first, SIGKILL);
        pause();
    }
    if (number < at + times) kill(first, with);
    if (number < at + times && gettid() != first) usleep(300000);
}

#define NEXT(name) __typeof__(&name) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int rename(const char *a, const char *b) { NEXT(rename); change(); return next(a, b); }
int renameat(int d, const char *a, int e, const char *b) {
    NEXT(renameat); change(); return next(d, a, e, b);
}
int renameat2(int d, const char *a, int e, const char *b, unsigned f) {
    NEXT(renameat2); change(); return next(d, a, e, b, f);
}
int link(const char *a, const char *b) { NEXT(link); change(); return next(a, b); }
int linkat(int d, const char *a, int e, const char *b, int f) {
    NEXT(linkat); change(); return next(d, a, e, b, f);
}
int symlink(const char *a, const char *b) { NEXT(symlink); change(); return next(a, b); }
int symlinkat(const char *a, int d, const char *b) { NEXT(symlinkat); change(); return next(a, d, b); }
int unlink(const char *a) { NEXT(unlink); change(); return next(a); }
int unlinkat(int d, const char *a, int f) { NEXT(unlinkat); change(); return next(d, a, f); }
int mkdir(const char *a, mode_t m) { NEXT(mkdir); change(); return next(a, m); }
int mkdirat(int d, const char *a, mode_t m) { NEXT(mkdirat); change(); return next(d, a, m); }
int rmdir(const char *a) { NEXT(rmdir); change(); return next(a); }
int chmod(const char *a, mode_t m) { NEXT(chmod); change(); return next(a, m); }
int fchmod(int d, mode_t m) { NEXT(fchmod); change(); return next(d, m); }
int ftruncate(int d, off_t n) { NEXT(ftruncate); change(); return next(d, n); }
ssize_t write(int d, const void *a, size_t n) {
    NEXT(write);
    /* What goes to the screen changes no file. */
    if (d > 2) change();
    return next(d, a, n);
}

#define OPENS (O_CREAT | O_TRUNC)
#define MODE mode_t m = 0; if (f & OPENS) { va_list l; va_start(l, f); m = va_arg(l, mode_t); va_end(l); change(); }
int open(const char *a, int f, ...) { NEXT(open); MODE return next(a, f, m); }
int open64(const char *a, int f, ...) { NEXT(open64); MODE return next(a, f, m); }
int openat(int d, const char *a, int f, ...) { NEXT(openat); MODE return next(d, a, f, m); }
int openat64(int d, const char *a, int f, ...) { NEXT(openat64); MODE return next(d, a, f, m); }

void _exit(int code) {
    NEXT(_exit);
    const char *place = getenv("KILL_COUNT");
    FILE *file = place && getpid() == first ? fopen(place, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", done);
        fclose(file);
    }
    next(code);
    __builtin_unreachable();
}
