/* memory.h tells what this is.
 *
 * The kernel maps 16 pages of the program for each one that is used, so that most of it would stay in our resident set. These
 * pages are the page cache's and shared by all monitors; what is unmapped costs a minor fault when it is needed again. */
#include "memory.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SCRATCH (1024 * 1024) /* of address space */
#define PARTS 4
#define ALIGNED 64UL

extern const char __executable_start[]; /* the linker's */

struct range {
	uintptr_t begin;
	size_t length;
};

static struct range parts[PARTS]; /* of the program, read-only: code and constants */
static size_t part_count;
static char *scratch_begin;
static size_t scratch_used;

int memory_open(void)
{
	const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	uintptr_t in_page = getauxval(AT_PAGESZ) - 1;
	for (size_t i = 0; headers && i < getauxval(AT_PHNUM) && part_count < PARTS; i++) {
		uintptr_t begin = (uintptr_t)__executable_start + headers[i].p_vaddr;
		if (headers[i].p_type == PT_LOAD && !(headers[i].p_flags & PF_W))
			parts[part_count++] = (struct range){begin & ~in_page, headers[i].p_memsz + (begin & in_page)};
	}
	scratch_begin = mmap(NULL, SCRATCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return scratch_begin == MAP_FAILED ? -1 : 0;
}

void *scratch(size_t size)
{
	char *taken = scratch_begin + scratch_used;
	scratch_used += (size + ALIGNED - 1) & ~(ALIGNED - 1);
	if (scratch_used > SCRATCH)
		abort();
	return taken;
}

/* By syscall(2), as the loop's wait: one page of the C library is touched for both. */
void memory_trim(void)
{
	syscall(SYS_madvise, scratch_begin, scratch_used, MADV_DONTNEED);
	for (size_t i = 0; i < part_count; i++)
		syscall(SYS_madvise, parts[i].begin, parts[i].length, MADV_DONTNEED);
}
