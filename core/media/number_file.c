#include "core/media/number_file.h"

#include "core/media/media_impl.h"
#include "core/media/npy.h"

int number_file_read(const struct media_job *job, enum file_format format, struct number_file *ret, struct error *error)
{
    int r;

    if (format == FORMAT_NPY)
        return npy_parse(job->bytes, job->n_bytes, &ret->numbers, error);
    r = table_parse(job->bytes, job->n_bytes, &ret->table, error);
    if (r < 0)
        return r;
    ret->numbers = numbers_of_table(ret->table.values, ret->table.n_rows, ret->table.n_columns);
    return 0;
}

void number_file_deinit(struct number_file *file)
{
    table_deinit(&file->table);
}
