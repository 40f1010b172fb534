/* Are files decoded elsewhere as they are here, and what is left of a process that cannot cope? */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "server/media/media_pool.h"
#include "tests/unit/media/media_test.h"

static struct media_pool *start(struct media_pool_options options)
{
    struct media_pool *pool = NULL;
    struct error error = ERROR_NONE;

    options.program = options.program ? options.program : MEDIA_PROGRAM;
    options.timeout_ms = options.timeout_ms ? options.timeout_ms : 60000;
    options.memory_bytes_max = options.memory_bytes_max ? options.memory_bytes_max : (uint64_t)1 << 30;
    if (media_pool_new(&options, &pool, &error) < 0)
        fail_msg("%s", error.message);
    return pool;
}

static int run(struct media_pool *pool, struct media_job job, struct raw_media *ret, struct error *error)
{
    const struct media_source source = media_pool_source(pool);

    job.video_clips = 5;
    return source.decode(source.context, &job, ret, error);
}

static void refused(struct media_pool *pool, struct media_job job, int code, const char *text)
{
    struct error error = ERROR_NONE;
    struct raw_media media = {0};
    int r = run(pool, job, &media, &error);

    if (r != code || !strstr(error.message, text))
        fail_msg("expected %d \"%s\", found %d \"%s\"", code, text, r, error.message);
    assert_null(media.data);
}

/* Whichever way it is decoded: the same code and words, or the same bytes. */
static void compare(struct media_pool *pool, const char *name, struct media_job job)
{
    struct error here_error = ERROR_NONE, there_error = ERROR_NONE;
    struct raw_media here = {0}, there = {0};
    int r = run_job(job, &here, &here_error);

    if (run(pool, job, &there, &there_error) != r || strcmp(here_error.message, there_error.message) != 0)
        fail_msg("%s as kind %d: here %d \"%s\", there %d \"%s\"", name, job.kind, r, here_error.message,
                 there_error.code, there_error.message);
    if (r == 0) {
        assert_int_equal(there.n_bytes, here.n_bytes);
        assert_memory_equal(there.data, here.data, here.n_bytes);
        free(there.data);
        there.data = here.data; /* nothing else differs */
        assert_memory_equal(&there, &here, sizeof(here));
        free(here.data);
    }
}

static size_t compare_folder(struct media_pool *pool, const char *name)
{
    char path[400];
    DIR *folder;
    size_t n = 0;

    snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
    folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct file file;

        if (entry->d_type != DT_REG)
            continue;
        snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
        file = file_load(path);
        for (int kind = MEDIA_IMAGE; kind <= MEDIA_ARRAY; kind++)
            compare(pool, path,
                    (struct media_job){.kind = (enum media_kind)kind, .bytes = file.bytes, .n_bytes = file.n});
        file_deinit(&file);
        n++;
    }
    closedir(folder);
    return n;
}

/* Whole ones of every format, and damaged ones. */
static void every_file_is_decoded_alike(void **state)
{
    static const char *const folders[] = {".",
                                          "../../samples",
                                          "../../fuzz/corpus/jpeg",
                                          "../../fuzz/corpus/nifti",
                                          "../../fuzz/corpus/npy",
                                          "../../fuzz/corpus/ply",
                                          "../../fuzz/corpus/pcd"};
    struct media_pool *pool = start((struct media_pool_options){.is_confined = true});

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        assert_true(compare_folder(pool, folders[i]) > 3);
    assert_int_equal(media_pool_n_died(pool), 0);
    media_pool_free(pool);
}

static void a_mask_goes_with_its_file(void **state)
{
    static const int16_t sizes[8] = {3, 4, 1, 1, 1, 1, 1, 1}, type_and_bits[2] = {16, 32};
    struct media_pool *pool = start((struct media_pool_options){.is_confined = true});
    struct error error = ERROR_NONE;
    float kept[] = {1, 0, 0, 1}, values[] = {5, 6, 7, 8}, begin = 352;
    const struct raw_media mask = {
        .kind = MEDIA_ARRAY, .element = MEDIA_F32, .n_dims = 2, .shape = {1, 4}, .n_bytes = 16, .data = kept};
    uint8_t volume[352 + sizeof(values)] = {[0] = 348 & 255, [1] = 348 >> 8}; /* NIfTI-1 of 4 voxels */
    struct raw_media media = {0};

    (void)state;
    memcpy(volume + 40, sizes, sizeof(sizes));
    memcpy(volume + 70, type_and_bits, sizeof(type_and_bits));
    memcpy(volume + 108, &begin, sizeof(begin));
    memcpy(volume + 344, "n+1", 4);
    memcpy(volume + 352, values, sizeof(values));
    if (run(pool, (struct media_job){.kind = MEDIA_ARRAY, .bytes = volume, .n_bytes = sizeof(volume), .mask = &mask},
            &media, &error) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(media.shape[1], 2);
    assert_true(((float *)media.data)[0] == 5 && ((float *)media.data)[1] == 8);
    raw_media_deinit(&media);
    media_pool_free(pool);
}

/* ---- what does not go well: a table of points as text takes long ---- */

#define LINE "0.123456789 0.987654321 0.555555555\n"

static char *many_points(size_t n)
{
    char *text = malloc(n * strlen(LINE) + 1);

    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * strlen(LINE), LINE, strlen(LINE) + 1);
    return text;
}

static struct media_job points_job(const char *text)
{
    return (struct media_job){.kind = MEDIA_POINTS, .bytes = text, .n_bytes = strlen(text)};
}

/* Sanitizers end a process that gets no memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NO_MEMORY -EBADMSG, "could not cope"
#else
#define NO_MEMORY -EFBIG, "takes more than 16 MiB of memory to decode, the limit"
#endif

static void memory_and_time_are_limited(void **state)
{
    struct media_pool *small = start((struct media_pool_options){.is_confined = true, .memory_bytes_max = 16 << 20});
    struct media_pool *hasty = start((struct media_pool_options){.is_confined = true, .timeout_ms = 20});
    char *text = many_points(2000000);
    struct media_job job = points_job(text);

    (void)state;
    refused(small, job, NO_MEMORY);
    refused(hasty, job, -EBADMSG, "takes more than 0.02 s to decode, the limit");
    job.deadline_ns = clock_ns() + 1000000;
    refused(hasty, job, -ETIME, "deadline");
    free(text);
    media_pool_free(small);
    media_pool_free(hasty);
}

struct call {
    struct media_pool *pool;
    struct media_job job;
    int result;
    struct error error;
};

static void *call(void *context)
{
    struct call *self = context;
    struct raw_media media = {0};

    self->result = run(self->pool, self->job, &media, &self->error);
    free(media.data);
    return NULL;
}

/* The process that a parent has started last; 0: none. */
static pid_t child_of(pid_t parent)
{
    char path[64];
    long child = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
    file = fopen(path, "re");
    while (file && fscanf(file, "%ld", &child) == 1)
        continue;
    if (file)
        fclose(file);
    return (pid_t)child;
}

static pid_t wait_for_child_of(pid_t parent)
{
    pid_t child = 0;

    for (int i = 0; i < 1000 && !child; i++) {
        usleep(1000);
        child = child_of(parent);
    }
    assert_true(child > 0);
    return child;
}

/* One file's process is killed while another one's goes on. */
static void a_death_costs_one_request(void **state)
{
    struct media_pool *pool = start((struct media_pool_options){.is_confined = true});
    pid_t worker = wait_for_child_of(getpid());
    char *text = many_points(4000000);
    struct call calls[2] = {{.pool = pool, .job = points_job(text)}, {.pool = pool, .job = points_job(text)}};
    pthread_t threads[2];
    pid_t victim;

    (void)state;
    pthread_create(&threads[0], NULL, call, &calls[0]);
    victim = wait_for_child_of(worker);
    pthread_create(&threads[1], NULL, call, &calls[1]);
    usleep(20000);
    assert_int_equal(kill(victim, SIGKILL), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(calls[0].result, -EBADMSG);
    assert_non_null(strstr(calls[0].error.message, "could not cope"));
    assert_non_null(strstr(calls[0].error.detail, "signal 9"));
    assert_int_equal(calls[1].result, 0);
    assert_int_equal(media_pool_n_died(pool), 1);
    free(text);
    media_pool_free(pool);
}

static void who_cancels_does_not_wait(void **state)
{
    struct media_pool *pool = start((struct media_pool_options){.is_confined = true});
    pid_t worker = wait_for_child_of(getpid());
    char *text = many_points(4000000);
    atomic_bool cancelled = false;
    struct call self = {.pool = pool, .job = points_job(text)};
    pthread_t thread;

    (void)state;
    self.job.cancelled = &cancelled;
    pthread_create(&thread, NULL, call, &self);
    wait_for_child_of(worker);
    atomic_store(&cancelled, true);
    pthread_join(thread, NULL);
    assert_int_equal(self.result, -ECANCELED);
    for (int i = 0; i < 1000 && child_of(worker); i++)
        usleep(1000);
    assert_int_equal(child_of(worker), 0);
    free(text);
    media_pool_free(pool);
}

static void a_killed_worker_is_started_again(void **state)
{
    struct media_pool *pool = start((struct media_pool_options){.is_confined = true});
    pid_t worker = wait_for_child_of(getpid());
    struct file file = file_load("film.gif");

    (void)state;
    assert_int_equal(kill(worker, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)worker, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
    for (int i = 0; i < 2; i++)
        compare(pool, "film.gif", (struct media_job){.kind = MEDIA_IMAGE, .bytes = file.bytes, .n_bytes = file.n});
    assert_true(child_of(getpid()) != worker);
    file_deinit(&file);
    media_pool_free(pool);
}

static void without_a_sandbox_only_when_told(void **state)
{
    struct media_pool *pool = start((struct media_pool_options){.is_confined = false});
    struct file file = file_load("film.gif");

    (void)state;
    compare(pool, "film.gif", (struct media_job){.kind = MEDIA_IMAGE, .bytes = file.bytes, .n_bytes = file.n});
    file_deinit(&file);
    media_pool_free(pool);
}

static void a_program_that_is_no_worker(void **state)
{
    static const char *const programs[] = {"/bin/true", "/nonexistent/onellmd-media", "/"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        struct media_pool *pool = NULL;
        struct error error = ERROR_NONE;

        assert_true(media_pool_new(&(struct media_pool_options){.program = programs[i]}, &pool, &error) < 0);
        assert_non_null(strstr(error.message, programs[i]));
        assert_null(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_decoded_alike),      cmocka_unit_test(a_mask_goes_with_its_file),
        cmocka_unit_test(memory_and_time_are_limited),      cmocka_unit_test(a_death_costs_one_request),
        cmocka_unit_test(who_cancels_does_not_wait),        cmocka_unit_test(a_killed_worker_is_started_again),
        cmocka_unit_test(without_a_sandbox_only_when_told), cmocka_unit_test(a_program_that_is_no_worker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
