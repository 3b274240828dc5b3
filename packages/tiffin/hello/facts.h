// What a process can find out about its own isolation. Texts are static and short; nothing here allocates.
#ifndef TIFFIN_HELLO_FACTS_H
#define TIFFIN_HELLO_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { TEXT_SIZE = 512 };

// Reads the value of a `Name:` line of /proc/self/status; false if there is none.
bool status_line(const char *name, char text[TEXT_SIZE]);

// Reads the first line of a file, without its line end; false if it cannot be read.
bool first_line(const char *path, char text[TEXT_SIZE]);

// The namespaces whose numbers differ from the host's, which `tiffin run hello` passes in TIFFIN_HOST_NAMESPACES;
// where it did not, from the kernel's fixed numbers of the first ones. `shared` gets the others.
void namespaces(char own[TEXT_SIZE], char shared[TEXT_SIZE]);

// The names of the effective capabilities, and how many there are; `known` is how many the kernel knows.
int capabilities(char names[TEXT_SIZE], int *known);

// How the root is mounted: the file system's name, and whether it may be written to.
bool root_mount(char kind[TEXT_SIZE], bool *writable, int *mounts);

// The limit in a cgroup file, of v2 or v1; false for none or "max".
bool cgroup_limit(const char *v2, const char *v1, long long *value);

// How many processors' worth of time may be used; false for no limit.
bool cpu_limit(double *processors);

// The names of the network interfaces.
int interfaces(char names[TEXT_SIZE]);

// How many processes can be seen.
int processes(void);

#endif
