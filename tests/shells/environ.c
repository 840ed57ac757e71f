/* Prints what a program gets: an empty record, then each variable, as in /proc/self/environ. */

#include <string.h>
#include <unistd.h>

extern char **environ;

int main(void)
{
    static char text[1 << 20];
    size_t length = 1;
    for (char **one = environ; *one; one++) {
        size_t more = strlen(*one) + 1;
        if (length + more > sizeof text)
            return 1;
        memcpy(text + length, *one, more);
        length += more;
    }
    return write(1, text, length) != (ssize_t) length;
}
