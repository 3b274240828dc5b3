#define _GNU_SOURCE
#include "facts.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_file(FILE **file) {
    if (*file) fclose(*file);
}

static void close_directory(DIR **directory) {
    if (*directory) closedir(*directory);
}

#define AUTO_FILE __attribute__((cleanup(close_file))) FILE *
#define AUTO_DIRECTORY __attribute__((cleanup(close_directory))) DIR *

// Appends a word and a space, as long as there is room.
static void append(char text[TEXT_SIZE], const char *word) {
    size_t used = strlen(text);
    if (used + strlen(word) + 2 <= TEXT_SIZE) snprintf(text + used, TEXT_SIZE - used, "%s%s", used ? " " : "", word);
}

bool first_line(const char *path, char text[TEXT_SIZE]) {
    AUTO_FILE file = fopen(path, "re");
    if (!file || !fgets(text, TEXT_SIZE, file)) return false;
    text[strcspn(text, "\n")] = 0;
    return true;
}

bool status_line(const char *name, char text[TEXT_SIZE]) {
    AUTO_FILE file = fopen("/proc/self/status", "re");
    char line[TEXT_SIZE];
    size_t length = strlen(name);
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, length) || line[length] != ':') continue;
        const char *value = line + length + 1;
        while (isspace((unsigned char)*value)) value++;
        snprintf(text, TEXT_SIZE, "%s", value);
        text[strcspn(text, "\n")] = 0;
        return true;
    }
    return false;
}

// include/linux/proc_ns.h: the numbers of the first namespaces; 0 where the kernel gives no fixed one.
static const struct {
    const char *name;
    unsigned long first;
} KINDS[] = {
    {"pid", 0xEFFFFFFCU}, {"mnt", 0},           {"net", 0},           {"ipc", 0xEFFFFFFFU},
    {"uts", 0xEFFFFFFEU}, {"cgroup", 0xEFFFFFFBU}, {"user", 0xEFFFFFFDU}, {"time", 0xEFFFFFFAU},
};

// The host's number of a namespace in "pid=123 mnt=456", or the first one's.
static unsigned long host_number(const char *passed, const char *name, unsigned long first) {
    char key[16];
    snprintf(key, sizeof key, "%s=", name);
    const char *found = passed ? strstr(passed, key) : NULL;
    return found ? strtoul(found + strlen(key), NULL, 10) : first;
}

void namespaces(char own[TEXT_SIZE], char shared[TEXT_SIZE]) {
    const char *passed = getenv("TIFFIN_HOST_NAMESPACES");
    own[0] = shared[0] = 0;
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        char path[64];
        struct stat found;
        snprintf(path, sizeof path, "/proc/self/ns/%s", KINDS[i].name);
        unsigned long host = host_number(passed, KINDS[i].name, KINDS[i].first);
        if (stat(path, &found) == 0 && host) append(found.st_ino == host ? shared : own, KINDS[i].name);
    }
}

// capability.h, in the order of their numbers.
static const char *const CAPABILITIES[] = {
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
    "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
    "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
    "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
    "checkpoint_restore",
};

int capabilities(char names[TEXT_SIZE], int *known) {
    char text[TEXT_SIZE];
    names[0] = 0;
    *known = first_line("/proc/sys/kernel/cap_last_cap", text) ? atoi(text) + 1 : 0;
    if (!status_line("CapEff", text)) return -1;
    unsigned long long set = strtoull(text, NULL, 16);
    for (size_t i = 0; i < sizeof CAPABILITIES / sizeof *CAPABILITIES; i++) {
        if (set >> i & 1) append(names, CAPABILITIES[i]);
    }
    return __builtin_popcountll(set);
}

bool root_mount(char kind[TEXT_SIZE], bool *writable, int *mounts) {
    AUTO_FILE file = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    *mounts = 0;
    while (file && getline(&line, &size, file) > 0) {  // proc_pid_mountinfo(5)
        char target[256], options[256];
        const char *rest = strstr(line, " - ");
        ++*mounts;
        if (!rest || sscanf(line, "%*s %*s %*s %*s %255s %255s", target, options) != 2 || strcmp(target, "/")) continue;
        found = sscanf(rest, " - %255s", kind) == 1;
        *writable = access("/", W_OK) == 0 && strncmp(options, "ro", 2) != 0;
    }
    free(line);
    return found;
}

bool cgroup_limit(const char *v2, const char *v1, long long *value) {
    char text[TEXT_SIZE];
    if (!first_line(v2, text) && !first_line(v1, text)) return false;
    *value = atoll(text);
    return *value > 0 && *value < 1LL << 60;  // v1 writes a huge number for "none", v2 the word max
}

bool cpu_limit(double *processors) {
    char text[TEXT_SIZE];
    double quota = 0, period = 0;
    if (first_line("/sys/fs/cgroup/cpu.max", text)) {
        if (sscanf(text, "%lf %lf", &quota, &period) != 2) return false;
    } else if (first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", text)) {
        quota = atof(text);
        if (first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us", text)) period = atof(text);
    }
    *processors = period > 0 ? quota / period : 0;
    return *processors > 0;
}

int interfaces(char names[TEXT_SIZE]) {
    AUTO_FILE file = fopen("/proc/self/net/dev", "re");
    char line[TEXT_SIZE], name[64];
    int count = 0;
    names[0] = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (!strchr(line, ':') || sscanf(line, " %63[^:]:", name) != 1) continue;
        append(names, name);
        count++;
    }
    return file ? count : -1;
}

int processes(void) {
    AUTO_DIRECTORY directory = opendir("/proc");
    int count = 0;
    for (struct dirent *entry; directory && (entry = readdir(directory));) count += isdigit((unsigned char)entry->d_name[0]) != 0;
    return count;
}
