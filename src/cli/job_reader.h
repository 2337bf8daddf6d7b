/* job_reader.h - what the files that read a job file share: its text, its parameters, and messages that name line and
 * field. [coordinator] */
#ifndef MR_CLI_JOB_READER_H
#define MR_CLI_JOB_READER_H

#include "base/json.h"
#include "base/json_place.h"
#include "cli/job_file.h"

/* A parameter of the file: ${name} in its texts. */
typedef struct mr_parameter {
    const char *name; /* borrowed from the JSON, but for "here" */
    char *value;      /* owned; NULL: not known yet, or only checked */
} mr_parameter;

/* A job file while it is read. */
typedef struct mr_job_reader {
    mr_job_file *file;
    char *text; /* the whole file; owned */
    size_t length;
    cJSON *root;              /* owned */
    mr_parameter *parameters; /* owned */
    size_t parameter_count;
} mr_job_reader;

/* Sets a usage error that begins with file, line and field. Always returns false. */
bool mr_job_complain(const mr_job_reader *reader, const mr_json_place *place, mr_error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The line of a value. */
size_t mr_job_line(const mr_job_reader *reader, const mr_json_place *place);

/* Whether all members of an object are among the names (NULL ends them) or, where accepts is not NULL, accepted by it,
 * and none comes twice. */
bool mr_job_check_members(const mr_job_reader *reader, const mr_json_place *place, const cJSON *object,
                          const char *const *names, bool (*accepts)(const char *name), mr_error *error);

/* What a member of an object is, and its place in *at, of which parent is the object's; NULL when there is none. */
const cJSON *mr_job_member(const cJSON *object, const mr_json_place *parent, const char *name, mr_json_place *at);

/* The text that a value stands for, allocated: a string with its parameters replaced, a number as it is written, yes or
 * no. NULL with error set when it is something else, or names a parameter that there is not. */
char *mr_job_text(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, mr_error *error);

/* The same for a value that must be a whole number from least to most. */
bool mr_job_number(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, uint64_t least,
                   uint64_t most, uint64_t *number, mr_error *error);

/* Reads the parameters that the file declares, and gives them their values. */
bool mr_job_read_parameters(mr_job_reader *reader, const mr_setting *settings, size_t setting_count, mr_error *error);

/* Whether all fields of a stage are such as a stage may have. */
bool mr_job_check_fields(const mr_job_reader *reader, const mr_json_place *place, const cJSON *object, mr_error *error);

/* Reads a stage whose fields have been checked: its own fields, and references to others by their names, which are
 * known already. */
bool mr_job_read_stage(mr_job_reader *reader, const mr_json_place *place, const cJSON *object, mr_stage *stage,
                       mr_error *error);

/* Finds a stage by its name. */
bool mr_job_find_stage(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, size_t *stage,
                       mr_error *error);

#endif
