#include "core/media/raw_media.h"

#include <stdlib.h>

size_t media_element_size(enum media_element element)
{
    switch (element) {
    case MEDIA_U8:
        return 1;
    case MEDIA_U16:
    case MEDIA_F16:
        return 2;
    case MEDIA_F32:
        return 4;
    case MEDIA_F64:
        return 8;
    }
    return 0;
}

void raw_media_deinit(struct raw_media *media)
{
    free(media->data);
    *media = (struct raw_media){0};
}
