/* A program in C that embeds Afterword, and does what it is told: overflow, hang, flush, agree. */
#include <afterword.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Longer than the bound of the watch, by far. */
#define BOUND_MS 300
#define HANG_S 2

static int start(void)
{
    afterword_options_t *options = afterword_options_new(NULL);
    afterword_options_set_app_name(options, "Paintbox");
    int result = afterword_init(options);
    afterword_options_free(options);
    return result;
}

/* Nobody gets there. */
static volatile unsigned last_pixel = 0xffffffffu;

unsigned spread(unsigned pixel)
{
    if (pixel == last_pixel)
        return 0;
    volatile char row[256] = {(char)pixel};
    return spread(pixel + 1) + (unsigned)row[pixel % 256];
}

static void *flood_fill(void *canvas)
{
    (void)canvas;
    spread(0);
    return NULL;
}

/* On a thread of this program's own making. */
static int overflow(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, flood_fill, NULL) != 0)
        return 2;
    pthread_join(thread, NULL);
    return 3;
}

void wait_for_printer(void)
{
    sleep(HANG_S);
}

static int hang(void)
{
    afterword_watch_main_thread(BOUND_MS);
    afterword_busy_begin();
    wait_for_printer();
    afterword_busy_end();
    /* Waiting for events: no hang. */
    sleep(1);
    return afterword_shutdown();
}

static int flush(void)
{
    bool is_held = false;
    int captured = afterword_capture_message(AFTERWORD_LEVEL_ERROR, "from C", NULL, 0);
    int flushed = afterword_flush(30000, &is_held);
    printf("%d %d %d\n", captured, flushed, is_held);
    return afterword_shutdown();
}

/* The person agrees after something was captured. */
static int agree(void)
{
    bool was_held = false, is_held = false;
    afterword_capture_message(AFTERWORD_LEVEL_ERROR, "from C, before", NULL, 0);
    afterword_flush(30000, &was_held);
    int agreed = afterword_set_consent(AFTERWORD_CONSENT_ALWAYS);
    afterword_capture_message(AFTERWORD_LEVEL_ERROR, "from C, after", NULL, 0);
    afterword_flush(30000, &is_held);
    printf("%d %d %d %d\n", was_held, agreed, is_held, afterword_get_consent());
    return afterword_shutdown();
}

int main(int argc, char **argv)
{
    if (argc < 2 || start() != AFTERWORD_OK)
        return 4;
    if (strcmp(argv[1], "overflow") == 0)
        return overflow();
    if (strcmp(argv[1], "agree") == 0)
        return agree();
    return strcmp(argv[1], "hang") == 0 ? hang() : flush();
}
