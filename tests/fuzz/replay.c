/* Runs a fuzz target once over every file of its corpus, so that what fuzzing found stays found without libFuzzer.
   Prints TAP, one test per file; a crash ends the program before its plan is printed, which counts as a failure. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Into a block of exactly its size, so that one byte read too far is seen by the address sanitizer. */
static int read_file(const char *path, uint8_t **ret, size_t *ret_n)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long n = -1;

    if (!file)
        return -errno;
    if (fseek(file, 0, SEEK_END) == 0)
        n = ftell(file);
    rewind(file);
    if (n >= 0)
        bytes = malloc(n > 0 ? (size_t)n : 1);
    if (!bytes || fread(bytes, 1, (size_t)n, file) != (size_t)n) {
        free(bytes);
        fclose(file);
        return -EIO;
    }
    fclose(file);
    *ret = bytes;
    *ret_n = (size_t)n;
    return 0;
}

static int is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    int n, n_failed = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    n = scandir(argv[1], &entries, is_seed, alphasort);
    if (n <= 0) {
        printf("1..1\nnot ok 1 - %s holds no files\n", argv[1]);
        return 1;
    }
    for (int i = 0; i < n; i++) {
        char path[4096];
        uint8_t *bytes = NULL;
        size_t n_bytes = 0;

        snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
        printf("# %s\n", entries[i]->d_name);
        fflush(stdout);
        if (read_file(path, &bytes, &n_bytes) == 0) {
            LLVMFuzzerTestOneInput(bytes, n_bytes);
            free(bytes);
            printf("ok %d - %s\n", i + 1, entries[i]->d_name);
        } else {
            n_failed++;
            printf("not ok %d - %s cannot be read\n", i + 1, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", n);
    return n_failed ? 1 : 0;
}
