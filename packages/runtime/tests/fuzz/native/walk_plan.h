/* Goes over a decoded plan by the generated table, and touches every byte that it points at. */
#ifndef TIFFIN_WALK_PLAN_H
#define TIFFIN_WALK_PLAN_H

#include <stdio.h>

#include "core.h"

/* One line an operation, `number step name field...`, with texts in hexadecimal. */
void print_plan(const struct plan *plan, FILE *output);

#endif
