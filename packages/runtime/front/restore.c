/*
 * Replaces all memory of this process by that of the image, and goes on where the template was.
 *
 * The code runs as a copy on the stage, an address that is in nobody's way, since what it was part of is unmapped. So
 * it calls nothing, uses no data, and has no stack protector: that one's canary lies in what is unmapped.
 */
#include "restore.h"

#ifdef __x86_64__
#include <sys/mman.h>
#include <sys/syscall.h>

#define USER_END UINT64_C(0x7ffffffff000)
#define LOWEST 0x10000
#define ARCH_SET_FS 0x1002
#define RED_ZONE 128
#define FAILURE 1
#define STANDARD_ERROR 2

#define restorer __attribute__((section("restore_code"), no_stack_protector, used))
#define inlined static inline __attribute__((always_inline))

inlined long call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t fourth __asm__("r10") = d;
	register uint64_t fifth __asm__("r8") = e;
	register uint64_t sixth __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
			 : "rcx", "r11", "memory");
	return result;
}

/* There is nothing left that could say more: memory is short, or a file was changed at this very moment. */
inlined void require(const struct restoration *work, bool holds)
{
	if (holds)
		return;
	call(SYS_write, STANDARD_ERROR, (uint64_t)work->failure, sizeof(work->failure), 0, 0, 0);
	call(SYS_exit_group, FAILURE, 0, 0, 0, 0, 0);
}

/* One by one: before Linux 6.17 several are not moved at once. False: they are sealed, and so is the first. */
inlined bool move_kernel(const struct restoration *work, uint64_t from, uint64_t to)
{
	for (uint64_t index = 0; index < work->head->areas; index++) {
		const struct image_area *area = &work->areas[index];
		uint64_t size = area->end - area->start;
		uint64_t offset = area->start - work->head->kernel_start;

		if (area->source == KERNEL && call(SYS_mremap, from + offset, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
						   to + offset, 0) != (long)(to + offset))
			return false;
	}
	return true;
}

inlined void map(const struct restoration *work, const struct image_area *area)
{
	uint64_t flags = MAP_PRIVATE | MAP_FIXED;
	uint64_t offset = area->offset;
	int file = -1;

	if (area->source == KERNEL)
		return;
	if (area->source == ZEROS) {
		flags |= MAP_ANONYMOUS | MAP_NORESERVE;
	} else if (area->source == FROM_IMAGE) {
		file = work->image;
		offset += work->head->pages;
	} else {
		file = work->files[area->source];
	}
	require(work, call(SYS_mmap, area->start, area->end - area->start, area->protection, flags, (uint64_t)file,
			   offset) == (long)area->start);
}

inlined void close_files(const struct restoration *work)
{
	for (uint64_t index = 0; index < work->head->mapped; index++)
		call(SYS_close, (uint64_t)work->files[index], 0, 0, 0, 0, 0);
	call(SYS_close, (uint64_t)work->image, 0, 0, 0, 0, 0);
}

/* As if a signal handler returned: that sets all registers at once. The frame lies below the stack that is restored. */
inlined void go_on(const struct restoration *work)
{
	uint64_t frame = (work->head->registers.rsp - RED_ZONE - sizeof(ucontext_t)) & ~UINT64_C(15);
	const uint64_t *from = (const uint64_t *)&work->context;
	volatile uint64_t *to = (volatile uint64_t *)frame;

	for (uint64_t index = 0; index < sizeof(ucontext_t) / sizeof(*to); index++)
		to[index] = from[index];
	__asm__ volatile("syscall\n\t" /* munmap: of the stage, only this page remains */
			 "mov %[frame], %%rsp\n\t"
			 "mov %[number], %%eax\n\t"
			 "syscall"
			 :
			 : "a"(SYS_munmap), "D"(STAGE_WORK), "S"(STAGE_END - STAGE_WORK), [frame] "r"(frame),
			   [number] "i"(SYS_rt_sigreturn)
			 : "rcx", "r11", "memory");
	__builtin_unreachable();
}

restorer void restore(struct restoration *work)
{
	const struct image_head *head = work->head;

	if (!move_kernel(work, work->kernel_now, STAGE_KERNEL))
		return; /* nothing has happened yet */
	require(work, call(SYS_munmap, LOWEST, STAGE - LOWEST, 0, 0, 0, 0) == 0);
	require(work, call(SYS_munmap, STAGE_END, USER_END - STAGE_END, 0, 0, 0, 0) == 0);
	for (uint64_t index = 0; index < head->areas; index++)
		map(work, &work->areas[index]);
	require(work, move_kernel(work, STAGE_KERNEL, head->kernel_start));
	close_files(work);
	call(SYS_arch_prctl, ARCH_SET_FS, head->registers.fs_base, 0, 0, 0, 0);
	go_on(work);
}
#endif
