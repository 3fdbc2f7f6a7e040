/* A cost fault that a boot parameter switches on: 199 instructions. */
#ifndef NSVET_FAULT_H
#define NSVET_FAULT_H
extern unsigned long nsvet_faults[2];
#define NSVET_FAULT(n)                                                                      \
	do {                                                                                \
		if (__builtin_expect(nsvet_faults[(n) / 64] >> ((n) % 64) & 1, 0))          \
			asm volatile("movl $66,%%ecx\n1:\tnop\n\tdecl %%ecx\n\tjnz 1b" ::: \
				     "ecx", "cc");                                          \
	} while (0)
#endif
