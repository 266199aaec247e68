// The files beside this one, embedded by #embed as the demo models are: the program stays one file.
#include "report_pages.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const char page_html[] = {
#embed "page.html"
};
static const char page_css[] = {
#embed "page.css"
};
static const char page_js[] = {
#embed "page.js"
};
static const char fusion_js[] = {
#embed "fusion.js"
};
static const char headroom_js[] = {
#embed "headroom.js"
};

static const report_part parts[] = {
    {"page.html", page_html, sizeof page_html},       {"page.css", page_css, sizeof page_css},
    {"page.js", page_js, sizeof page_js},             {"fusion.js", fusion_js, sizeof fusion_js},
    {"headroom.js", headroom_js, sizeof headroom_js},
};

size_t report_part_count(void) { return sizeof parts / sizeof parts[0]; }

const report_part *report_part_at(size_t index) { return &parts[index]; }
