/** Waits for what may never come. The timer ends with the waiting: a program that is done must not be held by it. */
export async function waitAtMost(ms: number, promise: Promise<unknown>): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const over = new Promise<void>(resolve => {
		timer = setTimeout(resolve, ms);
	});
	await Promise.race([promise, over]).finally(() => clearTimeout(timer));
}
