/* Afterword: crash reporting for desktop applications.
 *
 * Strings are UTF-8 and end with a NUL; bytes that are no UTF-8 are replaced. Of a text, 65,536 bytes count: a longer one is cut
 * and ends with "…". Every pointer may be NULL: where one is needed, AFTERWORD_INVALID is returned, and nothing has happened.
 * Nothing here throws, unwinds or ends the process. Functions may be called on any thread unless they say otherwise, and not in
 * signal handlers.
 *
 * About threads: on Linux the library brings its own `pthread_create`, through which every thread gets a stack of its own for
 * the crash handler, so that an overflow of its stack can be reported. It does that and calls the system's. The dynamic linker
 * takes the first `pthread_create` that it finds: link this library before others that bring one (a profiler, a garbage collector).
 * Threads that were made around it are reported too, but for overflows of their stacks.
 */

#ifndef AFTERWORD_H
#define AFTERWORD_H

/* Made by cbindgen of the sources of afterword-ffi. Change those. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * So many bytes of a text count. What is longer is cut, and ends with "…".
 */
#define AFTERWORD_MAX_TEXT_BYTES 65536

/**
 * An event's id in hexadecimal digits, and a NUL.
 */
#define AFTERWORD_EVENT_ID_BYTES 33

/**
 * How a call ended.
 */
typedef enum {
    /**
     * It is done.
     */
    AFTERWORD_OK = 0,
    /**
     * Nothing is done, and nothing is wrong: Afterword is off (no DSN, not initialised, or shut down), or this thread is past
     * its end: `exit` was called on it, and this is called by `atexit` or by the destructor of a static object.
     */
    AFTERWORD_OFF = 1,
    /**
     * Nothing is done: an argument cannot be used. See `afterword_last_error`.
     */
    AFTERWORD_INVALID = 2,
    /**
     * It could not be done. See `afterword_last_error`.
     */
    AFTERWORD_FAILED = 3,
    /**
     * It was not done in time, and will be later.
     */
    AFTERWORD_TIMEOUT = 4,
    /**
     * It is done, and counts from the next start of the program on.
     */
    AFTERWORD_AT_NEXT_START = 5,
} afterword_result_t;

/**
 * What may be sent without asking.
 */
typedef enum {
    /**
     * Nothing: the person is asked for each report.
     */
    AFTERWORD_CONSENT_ASK = 0,
    /**
     * Everything: the person has agreed to that in the application itself.
     */
    AFTERWORD_CONSENT_ALWAYS = 1,
    /**
     * Nothing is kept and nothing is sent.
     */
    AFTERWORD_CONSENT_NEVER = 2,
} afterword_consent_t;

/**
 * How grave something is.
 */
typedef enum {
    /**
     * For who looks for an error.
     */
    AFTERWORD_LEVEL_DEBUG = 0,
    /**
     * Something happened.
     */
    AFTERWORD_LEVEL_INFO = 1,
    /**
     * Something is not as it should be.
     */
    AFTERWORD_LEVEL_WARNING = 2,
    /**
     * Something failed.
     */
    AFTERWORD_LEVEL_ERROR = 3,
    /**
     * The program cannot go on.
     */
    AFTERWORD_LEVEL_FATAL = 4,
} afterword_level_t;

/**
 * The options of `afterword_init`. Made by `afterword_options_new`, given back with `afterword_options_free`; not to be used by
 * two threads at once.
 */
typedef struct afterword_options_t afterword_options_t;

/**
 * Takes a line of the log: its level, its text (valid during the call), and what was given with the function. Called on any
 * thread, on several at once too; not called again from within itself. It must return: no exception, no `longjmp`.
 */
typedef void (*afterword_logger_t)(afterword_level_t level, const char *text, void *data);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * What was wrong with the last call on this thread that did not return `AFTERWORD_OK`, in English; empty if there was none.
 * Never NULL. Valid until the next call of a function of Afterword on this thread.
 */
const char *afterword_last_error(void);

/**
 * New options, with reports going to `dsn`. An empty one turns everything off; with NULL the environment's `SENTRY_DSN` counts.
 * NULL only if memory is used up.
 *
 * # Safety
 * `dsn` is NULL or ends with a NUL.
 */
afterword_options_t *afterword_options_new(const char *dsn);

/**
 * Gives options back. NULL is fine. They can be given back as soon as `afterword_init` has returned.
 *
 * # Safety
 * `options` is NULL or was made by `afterword_options_new`, and is not used afterwards.
 */
void afterword_options_free(afterword_options_t *options);

/**
 * Sets where reports go.
 *
 * # Safety
 * `options` is NULL or of `afterword_options_new`; `dsn` is NULL or ends with a NUL.
 */
afterword_result_t afterword_options_set_dsn(afterword_options_t *options, const char *dsn);

/**
 * Sets the release tag, such as `paintbox@1.4.0`.
 *
 * # Safety
 * `options` is NULL or of `afterword_options_new`; `release` is NULL or ends with a NUL.
 */
afterword_result_t afterword_options_set_release(afterword_options_t *options, const char *release);

/**
 * Sets the environment tag, such as `production`, which is what it is otherwise.
 *
 * # Safety
 * `options` is NULL or of `afterword_options_new`; `environment` is NULL or ends with a NUL.
 */
afterword_result_t afterword_options_set_environment(afterword_options_t *options, const char *environment);

/**
 * Sets what a person calls the program. Otherwise it is the executable's name.
 *
 * # Safety
 * `options` is NULL or of `afterword_options_new`; `name` is NULL or ends with a NUL.
 */
afterword_result_t afterword_options_set_app_name(afterword_options_t *options, const char *name);

/**
 * Sets the folder in which reports are kept. Otherwise it is in the user's data folder. A path is taken as the system has it: any
 * bytes on Unix, UTF-8 on Windows.
 *
 * # Safety
 * `options` is NULL or of `afterword_options_new`; `folder` is NULL or ends with a NUL.
 */
afterword_result_t afterword_options_set_store(afterword_options_t *options,
                                               const char *folder);

/**
 * Sets where the program `afterword-reporter` is. Otherwise it is beside the executable. A path as for the store.
 *
 * # Safety
 * `options` is NULL or of `afterword_options_new`; `program` is NULL or ends with a NUL.
 */
afterword_result_t afterword_options_set_reporter(afterword_options_t *options,
                                                  const char *program);

/**
 * Sets what may be sent without asking, until the person has chosen (`afterword_set_consent`): one of `afterword_consent_t`.
 *
 * # Safety
 * `options` is NULL or of `afterword_options_new`.
 */
afterword_result_t afterword_options_set_consent(afterword_options_t *options,
                                                 int32_t consent);

/**
 * Sets whether the client says what it does, on standard error.
 *
 * # Safety
 * `options` is NULL or of `afterword_options_new`.
 */
afterword_result_t afterword_options_set_debug(afterword_options_t *options, bool debug);

/**
 * Sets any setting by its name, to a value of JSON: `("sample_rate", "0.5")`, `("transport", "{\"retries\": 5}")`. The settings
 * are those of the Rust crate `afterword`. One that there is not is an error of `afterword_init`.
 *
 * # Safety
 * `options` is NULL or of `afterword_options_new`; the texts are NULL or end with a NUL.
 */
afterword_result_t afterword_options_set_json(afterword_options_t *options,
                                              const char *name,
                                              const char *json);

/**
 * Sets everything up and returns; waits for neither the reporter nor the network. Call it first in `main`, on the main thread,
 * once. The options stay yours.
 *
 * `AFTERWORD_OFF` for an empty DSN; `AFTERWORD_INVALID` for a setting that cannot be, `AFTERWORD_FAILED` when it was called
 * before. A missing reporter or a store that cannot be written are no errors of this call: they are logged (`afterword_set_logger`),
 * and the application runs without crash reports.
 *
 * # Safety
 * `options` is NULL or of `afterword_options_new`.
 */
afterword_result_t afterword_init(const afterword_options_t *options);

/**
 * Marks that the program ends as it should. Call it last in `main`; afterwards nothing is captured but crashes, and there is no
 * second `afterword_init`. A program that leaves by `exit` without it has ended well too.
 */
afterword_result_t afterword_shutdown(void);

/**
 * Whether anything is captured.
 */
bool afterword_is_on(void);

/**
 * Waits until the server has what was captured before, or consent holds it back: no longer than `timeout_ms`. `is_held` is NULL,
 * or says afterwards whether something is held back. There is no need to call it before the program ends: what was captured is
 * kept, and is sent by the reporter.
 *
 * `AFTERWORD_OK` where nothing is left to be sent, `AFTERWORD_TIMEOUT` where that takes longer, `AFTERWORD_FAILED` where the server
 * did not want something: it is kept.
 *
 * # Safety
 * `is_held` is NULL, or there is a `bool`.
 */
afterword_result_t afterword_flush(uint64_t timeout_ms,
                                   bool *is_held);

/**
 * This library's version, such as `0.1.0`. Never NULL, valid for ever.
 */
const char *afterword_version(void);

/**
 * Keeps what the person chose: one of `afterword_consent_t`. It takes effect at once, and counts before the options at all later
 * starts, until this is called again. With `AFTERWORD_CONSENT_ALWAYS`, what was held back is sent; with `AFTERWORD_CONSENT_ASK`, what
 * was not sent yet is held back again; with `AFTERWORD_CONSENT_NEVER` it is deleted.
 *
 * `AFTERWORD_OK` when it is on the disk and counts, `AFTERWORD_AT_NEXT_START` where the program began with
 * `AFTERWORD_CONSENT_NEVER`, so that nothing in it could capture; `AFTERWORD_FAILED` when it cannot be kept: then it counts until
 * the end of this run.
 */
afterword_result_t afterword_set_consent(int32_t consent);

/**
 * What counts now: what the person chose, or else what the options say. `AFTERWORD_CONSENT_NEVER` where Afterword is off.
 */
afterword_consent_t afterword_get_consent(void);

/**
 * Has what Afterword logs handed to a function: errors, warnings and what it does. Once, before `afterword_init`.
 * `AFTERWORD_FAILED` where there is a logger already.
 *
 * # Safety
 * `logger` is NULL or may be called on any thread, with `data`, for as long as the program runs.
 */
afterword_result_t afterword_set_logger(afterword_logger_t logger,
                                        void *data);

/**
 * Sets a tag. Of key and value 200 characters count, as servers take them; a longer one is cut, and ends with "…".
 *
 * # Safety
 * The texts are NULL or end with a NUL.
 */
afterword_result_t afterword_set_tag(const char *key,
                                     const char *value);

/**
 * Sets a tag, from texts with lengths in bytes. A NUL in them is shown as ␀. The rest is as for `afterword_set_tag`.
 *
 * # Safety
 * The texts are NULL or as long as said.
 */
afterword_result_t afterword_set_tag_n(const char *key,
                                       size_t key_bytes,
                                       const char *value,
                                       size_t value_bytes);

/**
 * Removes a tag.
 *
 * # Safety
 * `key` is NULL or ends with a NUL.
 */
afterword_result_t afterword_remove_tag(const char *key);

/**
 * Sets who uses the program. What is NULL is not said; with nothing but NULL there is no user any more.
 *
 * # Safety
 * The texts are NULL or end with a NUL.
 */
afterword_result_t afterword_set_user(const char *id, const char *email, const char *username);

/**
 * Sets a context to an object of JSON. With NULL in its place the context is removed.
 *
 * # Safety
 * The texts are NULL or end with a NUL.
 */
afterword_result_t afterword_set_context_json(const char *key, const char *json);

/**
 * Sets an extra value, to any JSON. With NULL in its place the value is removed.
 *
 * # Safety
 * The texts are NULL or end with a NUL.
 */
afterword_result_t afterword_set_extra_json(const char *key, const char *json);

/**
 * Sets the level of what is captured from now on: one of `afterword_level_t`. A crash is always fatal.
 */
afterword_result_t afterword_set_level(int32_t level);

/**
 * Sets by what events are grouped: `count` texts, 64 at the most. With none it is left to the server again.
 *
 * # Safety
 * `parts` is NULL or points to `count` pointers, each NULL or to a text that ends with a NUL.
 */
afterword_result_t afterword_set_fingerprint(const char *const *parts, size_t count);

/**
 * Leaves a breadcrumb: what happened before a crash. `category` (such as `ui.click`) may be NULL, `level` is one of
 * `afterword_level_t`.
 *
 * # Safety
 * The texts are NULL or end with a NUL.
 */
afterword_result_t afterword_add_breadcrumb(int32_t level,
                                            const char *category,
                                            const char *message);

/**
 * Leaves a breadcrumb, from texts with lengths in bytes. A NUL in them is shown as ␀.
 *
 * # Safety
 * The texts are NULL or as long as said.
 */
afterword_result_t afterword_add_breadcrumb_n(int32_t level,
                                              const char *category,
                                              size_t category_bytes,
                                              const char *message,
                                              size_t message_bytes);

/**
 * Leaves a breadcrumb with all it can have, as an object of JSON with the fields of Sentry's: `type`, `category`, `message`,
 * `level`, `data`.
 *
 * # Safety
 * `json` is NULL or ends with a NUL.
 */
afterword_result_t afterword_add_breadcrumb_json(const char *json);

/**
 * Captures a message; `level` is one of `afterword_level_t`. Its event's id goes to `event_id`, which has room for
 * `event_id_size` bytes (`AFTERWORD_EVENT_ID_BYTES`); NULL where it is not wanted. The id is empty where the message was not kept:
 * it was sampled out, say.
 *
 * # Safety
 * `message` is NULL or ends with a NUL; `event_id` is NULL, or has that room.
 */
afterword_result_t afterword_capture_message(int32_t level,
                                             const char *message,
                                             char *event_id,
                                             size_t event_id_size);

/**
 * Captures a message with a length in bytes. A NUL in it is shown as ␀. The rest is as for `afterword_capture_message`.
 *
 * # Safety
 * `message` is NULL or as long as said; `event_id` is NULL, or has that room.
 */
afterword_result_t afterword_capture_message_n(int32_t level,
                                               const char *message,
                                               size_t message_bytes,
                                               char *event_id,
                                               size_t event_id_size);

/**
 * Watches the main thread from now on: if it is busy with one thing for longer than `after_ms` (at least 100; with 0 it is
 * 5000), the program, which goes on, is reported as hanging. Call it on the thread that called `afterword_init`.
 *
 * That thread then marks when it is busy: around the handling of each event with `afterword_busy_begin` and
 * `afterword_busy_end`, or with `afterword_woke` and `afterword_about_to_wait` where an event loop wakes up and falls asleep.
 * Waiting for events is no hang. A mark costs next to nothing.
 */
afterword_result_t afterword_watch_main_thread(uint64_t after_ms);

/**
 * Marks that the main thread is busy, until `afterword_busy_end`. Inside of another mark it changes nothing.
 */
afterword_result_t afterword_busy_begin(void);

/**
 * Ends the last `afterword_busy_begin`.
 */
afterword_result_t afterword_busy_end(void);

/**
 * Marks that the event loop has woken up to handle events.
 */
afterword_result_t afterword_woke(void);

/**
 * Marks that the event loop is about to wait for events.
 */
afterword_result_t afterword_about_to_wait(void);

/**
 * Marks that what comes takes long and is no hang, until `afterword_pause_end`: a dialog of the system, say.
 */
afterword_result_t afterword_pause_begin(void);

/**
 * Ends the last `afterword_pause_begin`.
 */
afterword_result_t afterword_pause_end(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* AFTERWORD_H */
