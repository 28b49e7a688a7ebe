/* A program in C that embeds Afterword, and crashes.
 *
 *     cargo build --package afterword-ffi --package afterword-reporter
 *     cc -g -I crates/afterword-ffi/include crates/afterword-ffi/examples/c/crash.c \
 *         -L target/debug -lafterword_ffi -Wl,-rpath,$PWD/target/debug -o target/debug/crash
 *     SENTRY_DSN=http://KEY@127.0.0.1:8000/1 target/debug/crash drawing.paint
 *
 * The reporter is found beside the executable. Afterwards there is a report, and a window asks about it. */
#include <afterword.h>

#include <stdio.h>

struct layer {
    unsigned *pixels;
};

/* What Afterword has to say goes where this program complains. */
static void complain(afterword_level_t level, const char *text, void *data)
{
    (void)data;
    if (level >= AFTERWORD_LEVEL_WARNING)
        fprintf(stderr, "afterword: %s\n", text);
}

static void start_afterword(void)
{
    afterword_set_logger(complain, NULL);
    /* No DSN is given here: it comes from the environment. */
    afterword_options_t *options = afterword_options_new(NULL);
    afterword_options_set_app_name(options, "Paintbox");
    afterword_options_set_release(options, "paintbox@1.4.0");
    if (afterword_init(options) != AFTERWORD_OK)
        fprintf(stderr, "there will be no crash reports: %s\n", afterword_last_error());
    afterword_options_free(options);
}

void blend_pixel(struct layer *layer, unsigned colour)
{
    layer->pixels[0] = colour;
}

void drop_shadow(void)
{
    /* Nobody has made its pixels. */
    struct layer shadow = {NULL};
    blend_pixel(&shadow, 0x60u);
}

int main(int argc, char **argv)
{
    start_afterword();
    const char *file = argc > 1 ? argv[1] : "drawing.paint";
    /* The name of a file may be any bytes. What is no UTF-8 is replaced. */
    afterword_set_tag("file", file);
    afterword_set_context_json("canvas", "{\"width\": 960, \"height\": 640}");
    afterword_add_breadcrumb(AFTERWORD_LEVEL_INFO, "ui", "opened a file");
    afterword_capture_message(AFTERWORD_LEVEL_WARNING, "the file is of an older version", NULL, 0);
    afterword_add_breadcrumb(AFTERWORD_LEVEL_INFO, "ui", "chose Effects, Drop shadow");
    drop_shadow();
    afterword_shutdown();
    return 0;
}
