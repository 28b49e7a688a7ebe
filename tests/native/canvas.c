/* What an application has in C: a library with callbacks, a thread of its own, a buffer that is too short. */

#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>

#define KEPT_APART __attribute__((noinline))

KEPT_APART void for_each_row(void (*draw)(size_t row), size_t rows)
{
    for (size_t row = 0; row < rows; row++)
        draw(row);
}

KEPT_APART void fill_row(volatile int *row)
{
    *row = 7;
}

static void *paint_in_c(void *row)
{
    pthread_setname_np(pthread_self(), "worker");
    fill_row(row);
    return NULL;
}

int paint_on_a_thread(void *row)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, paint_in_c, row) != 0)
        return -1;
    return pthread_join(thread, NULL);
}

/* `length` is 32 in the tests: past the buffer and the canary behind it, and not as far as the return address. */
KEPT_APART int write_title(size_t length)
{
    volatile char title[16];
    volatile char *letter = title;
    for (size_t index = 0; index < length; index++)
        letter[index] = 'x';
    return title[0];
}
