/* Makes the rootfs / without pivot_root. */
#ifndef TIFFIN_MOVE_ROOT_H
#define TIFFIN_MOVE_ROOT_H

#include "core.h"

int move_root(const struct context *context);

#endif
