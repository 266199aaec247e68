/// The parts of the HTML reports, embedded as bytes: page.html has places for {{style}}, {{data}} and {{script}}.
#ifndef REPORT_PAGES_H
#define REPORT_PAGES_H
#include <stddef.h>

typedef struct report_part {
    /// The file's name, such as "page.css".
    const char *name;
    const char *bytes;
    size_t byte_count;
} report_part;

size_t report_part_count(void);
/// The part at an index below report_part_count.
const report_part *report_part_at(size_t index);
#endif
