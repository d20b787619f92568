/**
 * docs/accuracy.md and its plots, out of the results kept in docs/accuracy/results.json: the same results
 * give the same bytes. Judges nothing; a goal missed is written down as missed.
 */
import type { Bar, Plot, Section } from './section.ts'

export interface Result {
  readonly section: Section
  readonly seed: number
  readonly machine: string
  readonly cpuSeconds: number
}

const colours = { ours: '#2f6f4f', baseline: '#9aa5b1', ceiling: '#d9b44a' } as const
const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Horizontal bars from 0; a value below 0 has no bar, one beyond the most a whole one. */
export function plotOf({ title, bars, most = 1 }: Plot): string {
  const [rowHeight, labelWidth, barWidth] = [26, 300, 380]
  const height = 40 + bars.length * rowHeight
  const lines = bars.map(({ name, value, kind }: Bar, i) => {
    const y = 34 + i * rowHeight
    const width = Math.max(0, Math.min(1, value / most)) * barWidth
    return (
      `<text x="${labelWidth - 8}" y="${y + 14}" text-anchor="end">${escape(name)}</text>` +
      `<rect x="${labelWidth}" y="${y}" width="${width.toFixed(1)}" height="18" fill="${colours[kind]}"/>` +
      `<text x="${(labelWidth + width + 6).toFixed(1)}" y="${y + 14}">${value.toFixed(3)}</text>`
    )
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="760" height="${height}" viewBox="0 0 760 ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="760" height="${height}" fill="#ffffff"/>`,
    `<text x="12" y="20" font-weight="bold">${escape(title)}</text>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n')
}

const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

export function reportOf(results: ReadonlyMap<string, Result>): string {
  const goals = [...results.values()].flatMap(({ section }) => section.goals)
  const parts = [...results].map(([name, { section, seed, machine, cpuSeconds }]) =>
    [
      `## ${section.title}`,
      section.protocol,
      table(section.columns, section.rows),
      `![${section.plot.title}](accuracy/${name}.svg)`,
      `Seed ${seed}; ${cpuSeconds.toFixed(0)} s of CPU on ${machine}.`,
    ].join('\n\n'),
  )
  return [
    '# How accurate is attribution?',
    [
      'Every figure here is measured against real retraining: subsets of the data are drawn, a model is',
      'trained anew on each, and the scores of the points of a subset, added up, are compared with what that',
      'model says (LDS: the mean over questions of Spearman over subsets; 1 is a perfect prediction, 0 is',
      'chance). Made by `npm run bench:attribution`; `-- --quick` is a small form of the same within a minute,',
      '`-- --only words` one part, `-- --seed 7` another draw. Do not edit by hand.',
    ].join('\n'),
    '## Goals',
    table(
      ['what', 'goal', 'found', ''],
      goals.map(({ what, goal, found, isMet }) => [
        what,
        goal,
        found,
        isMet ? 'met' : '**missed**',
      ]),
    ),
    ...parts,
    '',
  ].join('\n\n')
}
