/** The value of what may never come, undefined when the time is over. The timer ends with the waiting: a program that is done must not be held by it. */
export async function waitAtMost<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
	let timer: NodeJS.Timeout | undefined;
	const over = new Promise<undefined>(resolve => {
		timer = setTimeout(() => resolve(undefined), Math.max(0, ms));
	});
	return Promise.race([promise, over]).finally(() => clearTimeout(timer));
}
