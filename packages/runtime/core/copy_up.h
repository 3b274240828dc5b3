/* tmpcopyup: a new tmpfs starts with a copy of what is in the directory that it covers; its owner stays root, as under runc. */
#ifndef TIFFIN_COPY_UP_H
#define TIFFIN_COPY_UP_H

#include "core.h"

/* covered: the directory below, opened before the mount; path: where the tmpfs is now. */
int copy_up(const struct context *context, int covered, const char *path);
#endif
