/* Loaded into a process: a folder behaves like a file system that lacks something.
 *
 * ODD_BELOW is the folder; ODD_LACKS names the calls that fail there, separated by commas: link,
 * symlink, flock, exchange; ODD_ERRNO is the number of the error that they fail with.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int below(const char *path) {
    const char *folder = getenv("ODD_BELOW");
    return folder && !strncmp(path, folder, strlen(folder));
}

static int lacks(const char *call, const char *path) {
    const char *list = getenv("ODD_LACKS"), *number = getenv("ODD_ERRNO");
    size_t length = strlen(call);
    for (const char *word = list; word && *word; word = strchr(word, ',')) {
        if (*word == ',') word++;
        if (!strncmp(word, call, length) && (word[length] == ',' || !word[length]) && below(path)) {
            errno = number ? atoi(number) : EPERM;
            return 1;
        }
    }
    return 0;
}

/* The path of an entry of an open folder. */
static const char *whole(int d, const char *name) {
    static __thread char path[2 * PATH_MAX];
    char link[64];
    if (d == AT_FDCWD || name[0] == '/') return name;
    snprintf(link, sizeof link, "/proc/self/fd/%d", d);
    ssize_t length = readlink(link, path, PATH_MAX);
    snprintf(path + (length > 0 ? length : 0), PATH_MAX, "/%s", name);
    return path;
}

#define NEXT(name) __typeof__(&name) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int link(const char *a, const char *b) { NEXT(link); return lacks("link", b) ? -1 : next(a, b); }
int linkat(int d, const char *a, int e, const char *b, int f) {
    NEXT(linkat);
    return lacks("link", whole(e, b)) ? -1 : next(d, a, e, b, f);
}
int symlink(const char *a, const char *b) {
    NEXT(symlink);
    return lacks("symlink", b) ? -1 : next(a, b);
}
int symlinkat(const char *a, int d, const char *b) {
    NEXT(symlinkat);
    return lacks("symlink", whole(d, b)) ? -1 : next(a, d, b);
}
int renameat2(int d, const char *a, int e, const char *b, unsigned f) {
    NEXT(renameat2);
    return (f & RENAME_EXCHANGE) && lacks("exchange", whole(e, b)) ? -1 : next(d, a, e, b, f);
}
int flock(int d, int operation) {
    NEXT(flock);
    char name[64], path[PATH_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", d);
    ssize_t length = readlink(name, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    return lacks("flock", path) ? -1 : next(d, operation);
}
