unsigned long nsvet_faults[2];
static int __init nsvet_faults_set(char *text)
{
	int i;

	/* 32 hexadecimal digits, the first fault last. */
	for (i = 0; i < 32 && text[i]; i++) {
		nsvet_faults[0] = nsvet_faults[0] << 4 | hex_to_bin(text[i]);
		if (i == 15) {
			nsvet_faults[1] = nsvet_faults[0];
			nsvet_faults[0] = 0;
		}
	}
	return 0;
}
early_param("nsvet_faults", nsvet_faults_set);
