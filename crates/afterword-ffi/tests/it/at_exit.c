/* A program that still calls when the thread's own variables are gone: what `exit` calls, as static destructors, comes after. */
#include <afterword.h>

#include <stdio.h>
#include <stdlib.h>

static void at_exit(void) {
    char id[AFTERWORD_EVENT_ID_BYTES] = "?";
    bool is_held = true;
    printf("%d", (int)afterword_is_on());
    printf(" %d", (int)afterword_capture_message(AFTERWORD_LEVEL_ERROR, "too late", id, sizeof id));
    printf(" %d", (int)afterword_add_breadcrumb(AFTERWORD_LEVEL_INFO, NULL, "too late"));
    printf(" %d", (int)afterword_set_tag("late", "yes"));
    printf(" %d", (int)afterword_busy_begin());
    printf(" %d", (int)afterword_flush(0, &is_held));
    printf(" %d", (int)afterword_shutdown());
    printf(" %d %d \"%s\"\n", id[0] == '\0', (int)is_held, afterword_last_error());
}

int main(int count, char **arguments) {
    afterword_options_t *options = afterword_options_new("http://key@127.0.0.1:9/1");
    if (count != 3 || atexit(at_exit) != 0)
        return 2;
    afterword_options_set_release(options, "paintbox@1.4.0");
    afterword_options_set_store(options, arguments[1]);
    afterword_options_set_reporter(options, "/nowhere/reporter");
    if (afterword_init(options) != AFTERWORD_OK) {
        fprintf(stderr, "%s\n", afterword_last_error());
        return 3;
    }
    afterword_options_free(options);
    afterword_watch_main_thread(0);
    if (arguments[2][0] == 'c')
        afterword_capture_message(AFTERWORD_LEVEL_ERROR, "in time", NULL, 0);
    return 0;
}
