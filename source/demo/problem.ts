/** Why the stack can't be had, as one sentence that says what happened and what to do. */
export type Problem = {readonly problem: string};

export function isProblem(value: object): value is Problem {
	return 'problem' in value;
}

export function codeOf(error: unknown): string {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
