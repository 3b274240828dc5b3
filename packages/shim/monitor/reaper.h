/* The ends of children. */
#ifndef TIFFIN_MONITOR_REAPER_H
#define TIFFIN_MONITOR_REAPER_H

#include <stdbool.h>

int reaper_open(void);  /* becomes the subreaper, and has the loop tell of SIGCHLD */
void reap_soon(void);   /* look again before the loop waits, although no signal comes */
void reap_if_due(void);
bool has_children(void); /* reaps those that are dead, whoever they are; whether others live */

#endif
