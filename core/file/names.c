#include "core/file/names.h"

#include <stdlib.h>
#include <string.h>

bool name_is_acceptable(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return n > 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

const char *names_sort(struct name *names, size_t n)
{
    if (n > 1)
        qsort(names, n, sizeof(*names), compare);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1].text, names[i].text) == 0)
            return names[i].text;
    return NULL;
}

const struct name *names_find(const struct name *names, size_t n, const char *text)
{
    struct name wanted = {.text = text};

    return n ? bsearch(&wanted, names, n, sizeof(*names), compare) : NULL;
}
