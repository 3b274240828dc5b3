/* The monitor's own log: one line for each thing that went wrong and that nobody waits for an answer about. */
#ifndef TIFFIN_MONITOR_LOG_H
#define TIFFIN_MONITOR_LOG_H

/* Where lines go; they are appended, and the file is made by the first. */
void log_to(const char *path);

/* time=... level=warning msg="WHAT SUBJECT: ERROR" process=NAME; error 0 and process NULL are left out. */
void warn(const char *process, const char *what, const char *subject, int error);

#endif
