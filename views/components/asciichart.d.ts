/** asciichart 1.5.25 brings no types; this is the part that pgperf uses. */
declare module 'asciichart' {
	export function plot(
		series: readonly number[] | readonly (readonly number[])[],
		config?: {
			readonly min?: number;
			readonly max?: number;
			readonly offset?: number;
			readonly height?: number;
			readonly format?: (value: number, row: number) => string;
		},
	): string;
}
