// The image `hello`: prints, for a newcomer, what isolation a process in a container sees.
//
// Environment, both optional: TIFFIN_STARTED, when `tiffin` was started (CLOCK_MONOTONIC, nanoseconds), and
// TIFFIN_HOST_NAMESPACES, the host's namespace numbers as "pid=4026531836 mnt=...".
#define _GNU_SOURCE
#include "facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static bool colours;

static __attribute__((format(printf, 2, 3))) void line(const char *title, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("  %s%-12s%s ", colours ? "\x1b[36m" : "", title, colours ? "\x1b[0m" : "");
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

// "64 MiB", or the number itself if it is no whole number of a unit.
static void amount(long long bytes, char text[TEXT_SIZE]) {
    static const char *const UNITS[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    while (unit < 4 && bytes && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, TEXT_SIZE, "%lld %s", bytes, UNITS[unit]);
}

static void greeting(void) {
    const char *started = getenv("TIFFIN_STARTED");
    struct timespec now;
    printf("%sHello from inside a container!%s", colours ? "\x1b[1m" : "", colours ? "\x1b[0m" : "");
    if (started && clock_gettime(CLOCK_MONOTONIC, &now) == 0) {
        long long nanoseconds = now.tv_sec * 1000000000LL + now.tv_nsec - atoll(started);
        printf(" It took %.1f ms to get here.", (double)nanoseconds / 1e6);
    }
    printf(" This is what I see:\n\n");
}

static void identity(void) {
    char host[256] = "?";
    gethostname(host, sizeof host - 1);
    line("process", "pid %d, %d in sight", (int)getpid(), processes());
    line("user", "uid %d, gid %d%s", (int)getuid(), (int)getgid(), getuid() == 0 ? ": root, as far as this container goes" : "");
    line("host name", "%s", host);
}

static void isolation(void) {
    char own[TEXT_SIZE], shared[TEXT_SIZE], kind[TEXT_SIZE] = "?", names[TEXT_SIZE];
    bool writable = false;
    int mounts = 0;
    namespaces(own, shared);
    line("namespaces", "%s%s%s%s", *own ? own : "none of its own", *shared ? " (the host's: " : "", shared, *shared ? ")" : "");
    if (root_mount(kind, &writable, &mounts)) line("root", "%s, %s; %d mounts in all", kind, writable ? "writable" : "read-only", mounts);
    int count = interfaces(names);
    if (count >= 0) line("network", "%s", !count ? "no interfaces" : strcmp(names, "lo") ? names : "lo: nobody but this container");
}

// A limit, or "no limit", after its title.
static void limit(const char *title, bool limited, const char *text) {
    line(title, "%s", limited ? text : "no limit");
}

static void limits(void) {
    char text[TEXT_SIZE] = "";
    long long value = 0;
    double processors = 0;
    bool limited = cgroup_limit("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", &value);
    amount(value, text);
    limit("memory", limited, text);
    limited = cpu_limit(&processors);
    snprintf(text, sizeof text, "%g of %ld processors", processors, sysconf(_SC_NPROCESSORS_ONLN));
    limit("cpu time", limited, text);
    limited = cgroup_limit("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max", &value);
    snprintf(text, sizeof text, "at most %lld", value);
    limit("processes", limited, text);
}

static void privileges(void) {
    static const char *const MODES[] = {"off: every system call is allowed", "strict", "a filter decides on each system call"};
    char names[TEXT_SIZE], text[TEXT_SIZE];
    int known = 0, count = capabilities(names, &known);
    if (count >= 0) line("capabilities", "%d of %d%s%s", count, known, count && count <= 20 ? ": " : "", count <= 20 ? names : "");
    if (status_line("Seccomp", text) && *text >= '0' && *text <= '2') line("seccomp", "%s", MODES[*text - '0']);
    int locked = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    line("setuid", "%s", locked == 1 ? "gives no privileges (no_new_privs)" : "programs may gain privileges (no_new_privs is off)");
}

int main(void) {
    colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    greeting();
    identity();
    isolation();
    limits();
    privileges();
    printf("\nNext: tiffin demo, or tiffin run --help\n");
    return fflush(stdout) == 0 ? 0 : 1;
}
