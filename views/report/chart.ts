import type {SeriesReport} from '../../source/report.ts';
import {duration} from '../format.ts';
import {escaped} from './escape.ts';

const width = 320;
const height = 96;
const left = 4;
const top = 14;
const bottom = 16;

/** One series as an inline SVG of our own numbers: a line over an axis from 0, broken where nothing is known. */
export function svgOf(series: SeriesReport): string {
	const {points, ceiling} = series;
	const across = (index: number) => round(left + (index / Math.max(1, points.length - 1)) * (width - 2 * left));
	const up = (value: number) => round(height - bottom - (Math.max(0, Math.min(value, ceiling)) / (ceiling || 1)) * (height - top - bottom));
	const runs: string[][] = [[]];
	points.forEach((point, index) => {
		if (point === null || !Number.isFinite(point)) runs.push([]);
		else runs.at(-1)!.push(`${across(index)},${up(point)}`);
	});
	const drawn = runs
		.filter(run => run.length > 0)
		.map(run => {
			if (run.length === 1) return `<circle cx="${run[0]!.split(',')[0]}" cy="${run[0]!.split(',')[1]}" r="2"/>`;
			const first = run[0]!.split(',')[0];
			const last = run.at(-1)!.split(',')[0];
			const base = height - bottom;
			return `<polygon points="${first},${base} ${run.join(' ')} ${last},${base}"/><polyline points="${run.join(' ')}"/>`;
		})
		.join('');
	const title = escaped(series.title);
	const span = duration((points.length - 1) * series.step_s);
	return `<figure><figcaption>${title} <b>${escaped(series.last_text)}</b></figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}: ${escaped(series.last_text)} at the end, at most ${escaped(series.ceiling_text)}"><line x1="${left}" x2="${width - left}" y1="${height - bottom}" y2="${height - bottom}"/><line class="top" x1="${left}" x2="${width - left}" y1="${top}" y2="${top}"/>${drawn}<text x="${left}" y="${top - 4}">${escaped(series.ceiling_text)}</text><text x="${left}" y="${height - 4}">−${escaped(span)}</text><text x="${width - left}" y="${height - 4}" text-anchor="end">now</text></svg></figure>`;
}

function round(n: number): number {
	return Math.round(n * 10) / 10;
}
