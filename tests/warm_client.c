/* A command for a conda that has been imported already: `WarmConda` in warm.py is the other end. */

#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

static char asked[100000];
static size_t length;

static void put(const char *text)
{
    size_t more = strlen(text) + (length > 0);
    if (length + more > sizeof asked)
        _exit(125);
    if (length > 0)
        asked[length++] = 0;
    memcpy(asked + length, text, strlen(text));
    length += strlen(text);
}

int main(int count, char **words)
{
    char folder[4096], number[20], answer[100] = "";
    mode_t mask = umask(0);
    umask(mask);
    if (getcwd(folder, sizeof folder) == NULL)
        return 125;
    put(folder);
    snprintf(number, sizeof number, "%d", (int) mask);
    put(number);
    snprintf(number, sizeof number, "%d", count);
    put(number);
    put(PROGRAM);
    for (int n = 1; n < count; n++)
        put(words[n]);
    for (char **one = environ; *one; one++)
        put(*one);

    int channel = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, ADDRESS, sizeof ADDRESS - 1);
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + sizeof ADDRESS;
    if (connect(channel, (struct sockaddr *) &address, size) != 0)
        return 125;

    int files[] = {0, 1, 2};
    union { char bytes[CMSG_SPACE(sizeof files)]; struct cmsghdr aligned; } control;
    struct iovec data = {asked, length};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1,
                             .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof files);
    memcpy(CMSG_DATA(head), files, sizeof files);
    /* The number of its process comes first, then its exit code. */
    if (sendmsg(channel, &message, 0) < 0 || recv(channel, answer, sizeof answer, 0) <= 0 ||
        recv(channel, memset(answer, 0, sizeof answer), sizeof answer - 1, 0) <= 0)
        return 125;
    return atoi(answer);
}
